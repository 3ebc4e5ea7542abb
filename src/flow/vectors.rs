//! Vector files: CSV with one column per input port, hexadecimal without prefix, right-aligned.
//! Columns that are not ports of the block are carried along unchanged.
use crate::blocks::Port;
use crate::hdl::rows::Rows;
use num_bigint::BigUint;
use std::io::{Read, Write};

/// A vector file that was read.
pub struct Vectors {
    /// Header as found.
    pub header: Vec<String>,
    /// Cells as found.
    pub records: Vec<Vec<String>>,
    /// Codes of the input ports, in port order.
    pub rows: Rows,
}

/// Reads the vectors for the input ports among `ports`. The message says line, column, found and allowed.
pub fn read(ports: &[Port], source: impl Read) -> Result<Vectors, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(true).trim(csv::Trim::All).comment(Some(b'#')).from_reader(source);
    let header: Vec<String> = match reader.headers() {
        Ok(h) => h.iter().map(str::to_string).collect(),
        Err(e) => return Err(unreadable(&e)),
    };
    let inputs: Vec<&Port> = ports.iter().filter(|p| p.input).collect();
    let wanted = || inputs.iter().map(|p| format!("{} ({} bits)", p.name, p.bits)).collect::<Vec<_>>().join(", ");
    if let Some(p) = ports.iter().find(|p| !p.input && header.iter().any(|h| h == p.name)) {
        return Err(format!(
            "column `{}` is an output of the block and would stand twice in the result; rename it (e.g. {}_expected)",
            p.name, p.name
        ));
    }
    let mut columns = Vec::new();
    for p in &inputs {
        let mut found = header.iter().enumerate().filter(|(_, h)| *h == p.name).map(|(i, _)| i);
        match (found.next(), found.next()) {
            (Some(i), None) => columns.push(i),
            (Some(_), Some(_)) => return Err(format!("column `{}` stands twice in the header", p.name)),
            _ => return Err(format!("no column `{}`; the first line must name every input port: {}", p.name, wanted())),
        }
    }
    let widths: Vec<u32> = inputs.iter().map(|p| p.bits).collect();
    let mut rows = Rows::new(&widths);
    let mut records = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| unreadable(&e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut codes = Vec::with_capacity(columns.len());
        for (p, i) in inputs.iter().zip(&columns) {
            let text = record.get(*i).unwrap_or("");
            codes.push(code(text, p.bits).map_err(|why| format!("line {line}, column `{}`: {why}", p.name))?);
        }
        rows.push(&codes);
        records.push(record.iter().map(str::to_string).collect());
    }
    if records.is_empty() {
        return Err("no vectors after the header line; 0 vectors would check nothing".into());
    }
    Ok(Vectors { header, records, rows })
}

/// What is wrong with a file that is no CSV.
fn unreadable(e: &csv::Error) -> String {
    let line = e.position().map_or(String::new(), |p| format!("line {}: ", p.line()));
    match e.kind() {
        csv::ErrorKind::Io(e) => format!("cannot read it: {e}"),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{line}the number of cells is {len}, and the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => format!("{line}not UTF-8 text"),
        _ => format!("not CSV: {e}"),
    }
}

/// A hexadecimal code of at most `bits` bits.
fn code(text: &str, bits: u32) -> Result<BigUint, String> {
    let digits = bits.div_ceil(4);
    let allowed = format!("expected hexadecimal digits without prefix, at most {digits} for {bits} bits");
    let shown: String = text.chars().take(40).chain("…".chars().filter(|_| text.len() > 40)).collect();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(format!("`{shown}` is not a code; {allowed}"));
    }
    match BigUint::parse_bytes(text.as_bytes(), 16) {
        Some(v) if v.bits() <= u64::from(bits) => Ok(v),
        _ => Err(format!("`{shown}` does not fit {bits} bits; {allowed}")),
    }
}

/// A code as it stands in a vector file: padded to the width of the port.
pub fn hex(code: &BigUint, bits: u32) -> String {
    format!("{code:0>width$x}", width = bits.div_ceil(4) as usize)
}

/// Writes the vectors with the outputs appended.
pub fn write(vectors: &Vectors, outputs: &[Port], results: &Rows, to: &mut dyn Write) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(to);
    writer.write_record(vectors.header.iter().map(String::as_str).chain(outputs.iter().map(|p| p.name)))?;
    // Streams may give more or fewer tokens than they take.
    let blank = vec![String::new(); vectors.header.len()];
    for r in 0..vectors.records.len().max(results.len()) {
        let record = vectors.records.get(r).unwrap_or(&blank);
        let cell = |c: usize, p: &Port| if r < results.len() { hex(&results.get(r, c), p.bits) } else { String::new() };
        let cells: Vec<String> = outputs.iter().enumerate().map(|(c, p)| cell(c, p)).collect();
        writer.write_record(record.iter().chain(&cells))?;
    }
    writer.flush()
}
