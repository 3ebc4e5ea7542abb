//! Pieces of lines.
use crate::bits::Bits;
use std::fmt::Write;

/// Longest line before a break at an operator or comma, in characters.
pub const LINE: usize = 110;

/// Vector dimensions with a blank after them; nothing for one bit.
pub fn dims(width: u32) -> String {
    if width == 1 { String::new() } else { format!("[{}:0] ", width - 1) }
}

/// [`dims`] at the end of a buffer.
pub fn push_dims(out: &mut String, width: u32) {
    if width > 1 {
        out.push('[');
        push_number(out, width - 1);
        out.push_str(":0] ");
    }
}

/// A decimal number at the end of a buffer.
pub fn push_number(out: &mut String, n: u32) {
    if n < 10 {
        out.push((b'0' + n as u8) as char);
    } else {
        push_number(out, n / 10);
        out.push((b'0' + (n % 10) as u8) as char);
    }
}

/// A sized literal.
pub fn push_literal(out: &mut String, value: &Bits) {
    let _ = match value.width() {
        1 | 2 => write!(out, "{}'d{}", value.width(), value.unsigned()),
        _ if value.is_zero() => write!(out, "{}'d0", value.width()),
        w => write!(out, "{w}'h{}", value.hex()),
    };
}

/// A sized literal.
pub fn literal(value: &Bits) -> String {
    let mut out = String::new();
    push_literal(&mut out, value);
    out
}

/// Without the outer parentheses of an in-place expression.
pub fn strip(expr: &str) -> &str {
    let Some(inner) = expr.strip_prefix('(').and_then(|e| e.strip_suffix(')')) else { return expr };
    let mut depth = 0i32;
    for c in inner.bytes() {
        depth += match c {
            b'(' => 1,
            b')' => -1,
            _ => 0,
        };
        if depth < 0 {
            return expr;
        }
    }
    inner
}

/// Breaks the line that starts at `start` after commas and binary operators.
pub fn wrap_from(out: &mut String, start: usize) {
    if out.len() - start <= LINE {
        return;
    }
    let line = out.split_off(start);
    let indent = line.len() - line.trim_start().len() + 4;
    let mut column = 0;
    for word in line.split_inclusive(' ') {
        if column + word.trim_end().len() > LINE && column > indent {
            out.truncate(out.trim_end().len());
            out.push('\n');
            (0..indent).for_each(|_| out.push(' '));
            column = indent;
        }
        out.push_str(word);
        column += word.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_only_matching_parentheses() {
        assert_eq!(strip("(a & b)"), "a & b");
        assert_eq!(strip("(a) & (b)"), "(a) & (b)");
    }

    #[test]
    fn numbers_and_literals() {
        let mut out = String::new();
        push_number(&mut out, 0);
        push_number(&mut out, 1203);
        assert_eq!(out, "01203");
        assert_eq!(literal(&Bits::small(2, 3)), "2'd3");
        assert_eq!(literal(&Bits::small(9, 0x1f)), "9'h01f");
        assert_eq!(literal(&Bits::zero(64)), "64'd0");
    }
}
