//! Delay models by name: `fpga/delay/*.toml`, or any file of that shape.
use crate::flow::error::FlowError;
use crate::hdl::timing::delay::DelayModel;

/// The committed models: part or family, text.
const MODELS: &[(&str, &str)] = &[
    ("hx8k", include_str!("../../fpga/delay/hx8k.toml")),
    ("up5k", include_str!("../../fpga/delay/up5k.toml")),
    ("ecp5-85k-6", include_str!("../../fpga/delay/ecp5-85k-6.toml")),
    ("ecp5-85k-7", include_str!("../../fpga/delay/ecp5-85k-7.toml")),
    ("ecp5-85k-8", include_str!("../../fpga/delay/ecp5-85k-8.toml")),
    ("gw1n-9c", include_str!("../../fpga/delay/gw1n-9c.toml")),
    ("gw2a-18c", include_str!("../../fpga/delay/gw2a-18c.toml")),
    ("xc7", include_str!("../../fpga/delay/xc7.toml")),
    ("generic", include_str!("../../fpga/delay/generic.toml")),
];

/// Parts and targets whose delays are those of another part: the first of a target, and other sizes of a family.
const SAME: &[(&str, &str)] = &[("ice40", "hx8k"), ("ecp5", "ecp5-85k-6"), ("gowin", "gw1n-9c"), ("ecp5-25k-6", "ecp5-85k-6")];

/// Names that [`model`] knows.
pub fn names() -> Vec<&'static str> {
    MODELS.iter().map(|m| m.0).collect()
}

/// The model of a part, of a target's first part, or in a file (a name that ends in `.toml`).
pub fn model(name: &str) -> Result<DelayModel, FlowError> {
    if name.ends_with(".toml") {
        let path = std::path::Path::new(name);
        let text = std::fs::read_to_string(path).map_err(|e| FlowError::Usage {
            message: format!("cannot read the delay model {name}: {e}"),
            help: format!("name a file of the shape of fpga/delay/*.toml, or one of {}", names().join(", ")),
        })?;
        return toml::from_str(&text).map_err(|e| FlowError::Usage {
            message: format!("{name} is no delay model: {e}"),
            help: "see fpga/delay/ for the shape of such a file".into(),
        });
    }
    let part = SAME.iter().find(|s| s.0 == name).map_or(name, |s| s.1);
    let Some((_, text)) = MODELS.iter().find(|m| m.0 == part) else {
        return Err(FlowError::Usage {
            message: format!("there is no delay model `{name}`"),
            help: format!("there are {}; or name a file that ends in .toml", names().join(", ")),
        });
    };
    toml::from_str(text).map_err(|e| FlowError::Output(format!("internal error: the delay model of {part}: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::board::Part;
    use crate::flow::target::Target;

    #[test]
    fn every_part_and_target_has_a_model() {
        for name in Part::all().into_iter().map(|p| p.name).chain(Target::ALL.map(|t| t.name().to_string())) {
            let m = model(&name).unwrap();
            assert!(m.lut_ps > 0.0 && m.budget_ps(1e4) > 0.0, "{name}");
        }
        for name in ["nosuch", "nosuch.toml"] {
            let error = model(name).unwrap_err();
            assert!(error.code() == 2 && error.help().contains("hx8k"), "{error}");
        }
    }
}
