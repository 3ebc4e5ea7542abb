//! Results as one flat table: a row per point, columns for what the sweep measured.
use super::record::Record;
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::Value;
use std::io::Write;
use std::sync::Arc;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Words.
    Text,
    /// Whole numbers.
    Whole,
    /// Other numbers.
    Real,
}

/// A table; cells are text, numbers or null.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Table {
    /// Names and kinds.
    pub columns: Vec<(String, Kind)>,
    /// Rows.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// The number of a column, which is made if there is none of that name.
    fn column(&mut self, name: &str, kind: Kind) -> usize {
        self.columns.iter().position(|c| c.0 == name).unwrap_or_else(|| {
            self.columns.push((name.to_string(), kind));
            self.columns.len() - 1
        })
    }

    /// The table of results. Columns stand in the order in which the first points bring them.
    pub fn new(records: &[Record]) -> Table {
        let mut table = Table::default();
        for group in [head, tail] {
            for (i, record) in records.iter().enumerate() {
                for (name, kind, value) in group(record) {
                    let column = table.column(&name, kind);
                    if table.rows.len() <= i {
                        table.rows.push(Vec::new());
                    }
                    if table.rows[i].len() <= column {
                        table.rows[i].resize(column + 1, Value::Null);
                    }
                    table.rows[i][column] = value;
                }
            }
        }
        let width = table.columns.len();
        table.rows.iter_mut().for_each(|r| r.resize(width, Value::Null));
        let used: Vec<bool> = (0..width).map(|c| table.rows.iter().any(|r| !r[c].is_null())).collect();
        let keep = |i: usize| used[i] || table.columns[i].0 == "error";
        let columns = (0..width).filter(|i| keep(*i)).map(|i| table.columns[i].clone()).collect();
        let rows = table.rows.iter().map(|r| (0..width).filter(|i| keep(*i)).map(|i| r[i].clone()).collect()).collect();
        Table { columns, rows }
    }

    /// Comma-separated values with a header.
    pub fn csv(&self) -> Result<Vec<u8>, String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let text = |v: &Value| match v {
            Value::Null => String::new(),
            Value::String(s) => s.clone(),
            other => other.to_string(),
        };
        writer.write_record(self.columns.iter().map(|c| &c.0)).map_err(|e| e.to_string())?;
        for row in &self.rows {
            writer.write_record(row.iter().map(text)).map_err(|e| e.to_string())?;
        }
        writer.into_inner().map_err(|e| e.to_string())
    }

    /// One JSON object a line; columns that a point does not have are left out.
    pub fn jsonl(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for row in &self.rows {
            let cells = self.columns.iter().zip(row).filter(|(_, v)| !v.is_null());
            let object: serde_json::Map<String, Value> = cells.map(|(c, v)| (c.0.clone(), v.clone())).collect();
            out.extend(Value::Object(object).to_string().into_bytes());
            out.push(b'\n');
        }
        out
    }

    /// Apache Parquet: every column optional; text UTF-8, whole numbers INT64, others DOUBLE.
    pub fn parquet(&self) -> Result<Vec<u8>, ParquetError> {
        let field = |(name, kind): &(String, Kind)| {
            let (physical, logical) = match kind {
                Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
                Kind::Whole => (Physical::INT64, None),
                Kind::Real => (Physical::DOUBLE, None),
            };
            let builder = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
            builder.with_logical_type(logical).build().map(Arc::new)
        };
        let fields = self.columns.iter().map(field).collect::<Result<_, _>>()?;
        let schema = Arc::new(Type::group_type_builder("points").with_fields(fields).build()?);
        let properties =
            Arc::new(WriterProperties::builder().set_created_by(format!("narrowgen {}", env!("CARGO_PKG_VERSION"))).build());
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties)?;
        let mut group = writer.next_row_group()?;
        for (i, (_, kind)) in self.columns.iter().enumerate() {
            let cells = || self.rows.iter().map(move |r| &r[i]);
            let levels: Vec<i16> = cells().map(|v| i16::from(!v.is_null())).collect();
            let Some(mut column) = group.next_column()? else { break };
            match kind {
                Kind::Text => {
                    let values: Vec<ByteArray> = cells().filter_map(Value::as_str).map(ByteArray::from).collect();
                    column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
                }
                Kind::Whole => {
                    let values: Vec<i64> = cells().filter_map(Value::as_i64).collect();
                    column.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
                }
                Kind::Real => {
                    let values: Vec<f64> = cells().filter_map(Value::as_f64).collect();
                    column.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
                }
            }
            column.close()?;
        }
        group.close()?;
        let mut bytes = writer.into_inner()?;
        bytes.flush()?;
        Ok(bytes)
    }
}

type Cell = (String, Kind, Value);

fn text(name: &str, value: impl Into<String>) -> Cell {
    (name.to_string(), Kind::Text, Value::String(value.into()))
}

fn whole(name: impl Into<String>, value: impl Into<Option<u64>>) -> Cell {
    (name.into(), Kind::Whole, value.into().map_or(Value::Null, Value::from))
}

fn real(name: impl Into<String>, value: impl Into<Option<f64>>) -> Cell {
    (name.into(), Kind::Real, value.into().map_or(Value::Null, Value::from))
}

/// Who a point is.
fn head(r: &Record) -> Vec<Cell> {
    let mut cells = vec![text("id", &r.id), text("block", &r.block), text("module", &r.module)];
    cells.push(text("status", if r.failure.is_some() { "failed" } else { "ok" }));
    cells.extend(r.params.iter().map(|(name, value)| text(&format!("param_{name}"), value)));
    cells
}

/// What is known about it.
fn tail(r: &Record) -> Vec<Cell> {
    let mut cells = vec![
        whole("latency", r.latency.map(u64::from)),
        whole("interval", r.interval.map(u64::from)),
        whole("result_bits", r.result_bits.map(u64::from)),
    ];
    if let Some(c) = &r.check {
        cells.extend([
            text("check", if c.mismatches == 0 { "pass" } else { "mismatch" }),
            text("check_method", &c.method),
            whole("check_vectors", c.vectors),
            whole("check_mismatches", c.mismatches),
            // As text: seeds use all 64 bits.
            text("check_seed", c.seed.to_string()),
            text("check_engines", &c.engines),
        ]);
    }
    for c in &r.costs {
        let name = |column: &str| format!("{}_{column}", c.target);
        cells.extend([
            whole(name("lut"), c.lut),
            whole(name("carry"), c.carry),
            whole(name("ff"), c.ff),
            whole(name("dsp"), c.dsp),
            whole(name("bram"), c.bram),
            whole(name("gates"), c.gates),
            whole(name("transistors"), c.transistors),
            whole(name("cells"), c.cells.values().sum::<u64>()),
        ]);
        if let Some(k) = &c.clock {
            let all: Vec<String> = k.fmax_all.iter().map(f64::to_string).collect();
            cells.extend([
                text(&name("part"), &k.part),
                real(name("fmax_mhz"), k.fmax_mhz),
                text(&name("fmax_all_mhz"), all.join(" ")),
                real(name("fmax_predicted_mhz"), k.predicted_mhz),
            ]);
        }
    }
    for a in &r.accuracy {
        let name = |column: &str| format!("{}_{column}", a.data);
        cells.extend([
            real(name("sqnr_db"), a.sqnr_db),
            real(name("max_abs_error"), a.max_abs_error),
            whole(name("terms"), u64::from(a.terms)),
            whole(name("results"), a.results),
            whole(name("not_numbers"), a.not_numbers),
            whole(name("seed"), a.seed),
        ]);
    }
    cells.extend([text("golden_hash", &r.golden_hash), text("rtl_hash", &r.rtl_hash)]);
    cells.extend(r.failure.as_ref().map(|f| whole("exit", u64::from(f.code))));
    cells.push(("error".into(), Kind::Text, r.failure.as_ref().map_or(Value::Null, |f| Value::String(f.message.clone()))));
    cells
}
