//! Values of one axis, as people write them:
//!
//! * lists: `int4,int8,e4m3fn`;
//! * ranges, both ends included: `2..16`, `2..16:2` (steps of 2), `8..64*2` (doubling), `int2..int8`;
//! * ranges and lists inside a word: `e4m{0..3}-none`, `e{2,3}m{1..2}-none` (the last brace runs fastest).
use std::iter::successors;

/// Most values of one axis.
const MOST: usize = 100_000;

/// Every value, in order.
pub fn expand(text: &str) -> Result<Vec<String>, String> {
    let mut values = Vec::new();
    for item in split(text)? {
        if item.is_empty() {
            return Err(format!("`{text}` has an empty value"));
        }
        for word in braces(item)? {
            values.extend(range(&word)?.unwrap_or_else(|| vec![word.clone()]));
        }
        if values.len() > MOST {
            return Err(format!("`{text}` has more than {MOST} values"));
        }
    }
    Ok(values)
}

/// At the commas outside braces.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let (mut items, mut depth, mut start) = (Vec::new(), 0, 0);
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(text[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
        if !(0..=1).contains(&depth) {
            break;
        }
    }
    if depth != 0 {
        return Err(format!("`{text}`: braces come in pairs and not inside each other"));
    }
    items.push(text[start..].trim());
    Ok(items)
}

/// Words with every choice for every brace.
fn braces(word: &str) -> Result<Vec<String>, String> {
    let Some((head, (inside, tail))) = word.split_once('{').and_then(|(h, rest)| Some((h, rest.split_once('}')?))) else {
        return Ok(vec![word.to_string()]);
    };
    let tails = braces(tail)?;
    let choices = expand(inside)?;
    if choices.len().saturating_mul(tails.len()) > MOST {
        return Err(format!("`{word}` has more than {MOST} values"));
    }
    Ok(choices.iter().flat_map(|c| tails.iter().map(move |t| format!("{head}{c}{t}"))).collect())
}

/// The values of `PREFIXlo..PREFIXhi`, with `:step` or `*factor` behind; `None` if the word is no range.
fn range(word: &str) -> Result<Option<Vec<String>>, String> {
    let Some((low, rest)) = word.split_once("..") else { return Ok(None) };
    let prefix = low.trim_end_matches(|c: char| c.is_ascii_digit());
    let rest = rest.strip_prefix(prefix).unwrap_or(rest);
    let (high, advance): (&str, Option<(char, &str)>) = match rest.find([':', '*']) {
        Some(at) => (&rest[..at], rest[at..].chars().next().map(|c| (c, &rest[at + 1..]))),
        None => (rest, None),
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let (Some(low), Some(high)) = (number(&low[prefix.len()..]), number(high)) else { return Ok(None) };
    let (factor, by) = match advance {
        None => (false, 1),
        Some((sign, text)) => {
            let by = number(text).filter(|n| *n > u64::from(sign == '*'));
            (sign == '*', by.ok_or_else(|| format!("`{word}`: write :STEP (at least 1) or *FACTOR (at least 2) behind a range"))?)
        }
    };
    if low > high || (factor && low == 0) {
        return Err(format!("`{word}` has no values: a range goes upwards, and one that multiplies does not start at 0"));
    }
    let next = |x: &u64| if factor { x.checked_mul(by) } else { x.checked_add(by) };
    let values: Vec<String> =
        successors(Some(low), next).take_while(|x| *x <= high).take(MOST + 1).map(|x| format!("{prefix}{x}")).collect();
    Ok(Some(values))
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn lists_ranges_and_braces() {
        let list = |text: &str| expand(text).unwrap().join(" ");
        assert_eq!(list("int4, int8"), "int4 int8");
        assert_eq!(list("2..4,9"), "2 3 4 9");
        assert_eq!(list("2..9:3"), "2 5 8");
        assert_eq!(list("8..64*2"), "8 16 32 64");
        assert_eq!(list("int2..int4"), "int2 int3 int4");
        assert_eq!(list("e{2,3}m{0..1}-none"), "e2m0-none e2m1-none e3m0-none e3m1-none");
        // A path with dots is no range.
        assert_eq!(list("table:../mine.csv"), "table:../mine.csv");
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for bad in ["", "a,,b", "4..2", "1..9:0", "1..9*1", "0..9*2", "e{2", "e}2{", "e{{2}}", "0..999999999"] {
            assert!(expand(bad).is_err(), "{bad}");
        }
    }
}
