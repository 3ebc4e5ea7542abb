//! The committed slice of real data: `testbenches/reference/minilm`, provenance in its README.

/// A row-major float32 matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Values, row after row.
    pub data: Vec<f32>,
    /// Values per row.
    pub columns: usize,
}

impl Matrix {
    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.data.chunks_exact(self.columns)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.data.len() / self.columns.max(1)
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

static SLICE: &[u8] = include_bytes!("../../testbenches/reference/minilm/slice.safetensors");

/// Activation rows [32, 384] and weight rows [64, 384] of the first query layer.
pub fn slice() -> Result<(Matrix, Matrix), String> {
    let file =
        safetensors::SafeTensors::deserialize(SLICE).map_err(|e| format!("internal error: the data slice is damaged: {e}"))?;
    let get = |name: &str| -> Result<Matrix, String> {
        let t = file.tensor(name).map_err(|e| format!("internal error: {name}: {e}"))?;
        let data = t.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Ok(Matrix { data, columns: t.shape().last().copied().unwrap_or(1) })
    };
    Ok((get("act.layer0.attn_in")?, get("weight.layer0.q")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slice_has_its_shapes() {
        let (a, w) = slice().unwrap();
        assert_eq!((a.len(), a.columns, w.len(), w.columns), (32, 384, 64, 384));
        assert!(a.data.iter().chain(&w.data).all(|x| x.is_finite()));
    }
}
