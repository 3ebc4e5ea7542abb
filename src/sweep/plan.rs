//! [`Plan`]: the points of a sweep and what is to be measured, from the command line or a TOML file.
use super::values::expand;
use crate::blocks;
use crate::flow::target::Target;
use serde::{Deserialize, Serialize};

/// What is measured at every point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Compare with the golden model.
    pub check: bool,
    /// Vectors of the check where inputs are too many to try all.
    pub vectors: u64,
    /// Seed of the check's vectors.
    pub seed: u64,
    /// Targets to synthesise for.
    pub synth: Vec<Target>,
    /// Targets to place and route on as well.
    pub pnr: Vec<Target>,
    /// Place-and-route seeds, 1 to this.
    pub seeds: u32,
    /// Multiplier blocks may be used.
    pub dsp: bool,
    /// Compare with real arithmetic.
    pub accuracy: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { check: false, vectors: 100_000, seed: 1, synth: vec![], pnr: vec![], seeds: 1, dsp: true, accuracy: true }
    }
}

impl Options {
    /// Refuses what cannot be measured.
    pub fn validate(&self) -> Result<(), String> {
        if let Some(t) = self.pnr.iter().find(|t| !t.routable()) {
            let known: Vec<&str> = Target::ALL.into_iter().filter(|t| t.routable()).map(Target::name).collect();
            return Err(format!("place and route is not available for {t}; allowed: {}", known.join(", ")));
        }
        if self.vectors == 0 {
            return Err("0 vectors would check nothing; ask for at least 1".into());
        }
        if !(1..=100).contains(&self.seeds) {
            return Err(format!("{} seeds; allowed: 1 to 100", self.seeds));
        }
        Ok(())
    }

    /// Every target, those of place and route included.
    pub fn targets(&self) -> Vec<Target> {
        Target::ALL.into_iter().filter(|t| self.synth.contains(t) || self.pnr.contains(t)).collect()
    }
}

/// One point: a block and what is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Block.
    pub block: &'static str,
    /// Parameters and clock options that are set.
    pub set: Vec<(String, String)>,
}

/// A sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its points, in order.
    pub points: Vec<Point>,
    /// What to measure.
    pub options: Options,
}

/// Most points of a sweep.
const MOST: usize = 1_000_000;

/// The points of a block over axes `(name, values)`; the last axis runs fastest. `@other` takes the value of another axis.
pub fn points(block: &str, axes: &[(String, Vec<String>)]) -> Result<Vec<Point>, String> {
    let known: Vec<&str> = blocks::REGISTRY.iter().map(|b| b.name()).collect();
    let block = blocks::find(block).ok_or_else(|| format!("no block `{block}`; there are {}", known.join(", ")))?.name();
    let mut points = vec![Point { block, set: Vec::new() }];
    for (i, (name, values)) in axes.iter().enumerate() {
        if axes[..i].iter().any(|a| a.0 == *name) {
            return Err(format!("`{name}` is given twice"));
        }
        if points.len().saturating_mul(values.len()) > MOST {
            return Err(format!("more than {MOST} points"));
        }
        points = points
            .iter()
            .flat_map(|p| values.iter().map(move |v| (p, v)))
            .map(|(p, v)| {
                let mut p = p.clone();
                p.set.push((name.clone(), v.clone()));
                p
            })
            .collect();
    }
    for point in &mut points {
        let before = point.set.clone();
        for (name, value) in &mut point.set {
            let Some(other) = value.strip_prefix('@').map(key) else { continue };
            let source = before.iter().find(|s| s.0 == other && !s.1.starts_with('@'));
            *value =
                source.ok_or_else(|| format!("`{name}=@{other}`: there is no axis `{other}` with values of its own"))?.1.clone();
        }
    }
    Ok(points)
}

/// A parameter as declared.
fn key(name: &str) -> String {
    name.trim().trim_start_matches("--").replace('-', "_")
}

/// An axis `key=list|range…` of the command line.
pub fn axis(text: &str) -> Result<(String, Vec<String>), String> {
    let (name, values) = text.split_once('=').ok_or_else(|| format!("`{text}`: write PARAMETER=VALUES"))?;
    expand(values).map(|v| (key(name), v)).map_err(|e| format!("{name}: {e}"))
}

impl Plan {
    /// From TOML: options at the top level, then a table (or several) named after each block, with one axis a line.
    pub fn from_toml(text: &str) -> Result<Plan, String> {
        let mut table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
        let mut all = Vec::new();
        for block in blocks::REGISTRY {
            let tables = match table.remove(block.name()) {
                None => continue,
                Some(toml::Value::Table(t)) => vec![t],
                Some(toml::Value::Array(list)) => list
                    .into_iter()
                    .map(|v| v.try_into::<toml::Table>().map_err(|e| format!("[[{}]]: {e}", block.name())))
                    .collect::<Result<_, _>>()?,
                Some(other) => return Err(format!("`{}` is a {}; write [[{}]]", block.name(), other.type_str(), block.name())),
            };
            for axes in tables {
                let axes: Vec<_> =
                    axes.iter().map(|(name, v)| Ok((key(name), values(name, v)?))).collect::<Result<_, String>>()?;
                all.extend(points(block.name(), &axes)?);
            }
        }
        if let Some((name, _)) =
            table.iter().find(|(_, v)| v.is_table() || matches!(v, toml::Value::Array(a) if a.iter().any(toml::Value::is_table)))
        {
            let known: Vec<&str> = blocks::REGISTRY.iter().map(|b| b.name()).collect();
            return Err(format!("no block `{name}`; there are {}", known.join(", ")));
        }
        let options: Options = table.try_into().map_err(|e| e.to_string())?;
        if all.is_empty() {
            return Err(
                "there are no points: write a table named after a block, such as [[mac]], with one parameter a line".into()
            );
        }
        Ok(Plan { points: all, options })
    }
}

/// A TOML value as the values of an axis: text is read as on the command line, entries of arrays too.
fn values(name: &str, value: &toml::Value) -> Result<Vec<String>, String> {
    match value {
        toml::Value::Array(list) => {
            let all: Vec<Vec<String>> = list.iter().map(|v| values(name, v)).collect::<Result<_, _>>()?;
            Ok(all.into_iter().flatten().collect())
        }
        toml::Value::String(text) => expand(text).map_err(|e| format!("{name}: {e}")),
        toml::Value::Integer(i) => Ok(vec![i.to_string()]),
        toml::Value::Float(x) => Ok(vec![x.to_string()]),
        other => Err(format!("{name} is a {}; expected text, a number or a list", other.type_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_a_command_line_say_the_same() {
        let plan = Plan::from_toml(
            "check = true\nsynth = [\"ice40\", \"generic\"]\n[[mac]]\na = \"int2..int4\"\nb = \"@a\"\nterms = [32, 64]\n",
        );
        let plan = plan.unwrap();
        assert!(plan.options.check && plan.options.targets() == [Target::Ice40, Target::Generic]);
        let axes = ["a=int2..int4", "b=@a", "terms=32..64*2"].map(|a| axis(a).unwrap());
        assert_eq!(plan.points, points("mac", &axes).unwrap());
        assert_eq!(plan.points.len(), 6);
        let third: Vec<&str> = plan.points[2].set.iter().map(|s| s.1.as_str()).collect();
        assert_eq!(third, ["int3", "int3", "32"]);
    }

    #[test]
    fn what_means_nothing_is_named() {
        for (text, part) in [
            ("[[nothing]]\na = 1", "no block `nothing`"),
            ("", "no points"),
            ("chek = true\n[[mac]]\na = 'int8'", "chek"),
            ("synth = ['asic']\n[[mac]]\na = 'int8'", "asic"),
            ("[[mac]]\na = '@b'", "no axis `b`"),
            ("[[mac]]\na = '4..2'", "a: `4..2`"),
            ("mac = 3", "write [[mac]]"),
        ] {
            let e = Plan::from_toml(text).unwrap_err();
            assert!(e.contains(part), "{text}: {e}");
        }
        assert!(points("mac", &[axis("a=int8").unwrap(), axis("a=int4").unwrap()]).is_err());
        assert!(axis("a").is_err());
        assert!(Options { pnr: vec![Target::Xc7], ..Options::default() }.validate().is_err());
    }
}
