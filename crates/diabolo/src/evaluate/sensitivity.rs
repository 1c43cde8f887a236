//! Sensitivity of the code to each input.
//!
//! s_i = √(mean over rows of Σ_j (∂h_j/∂x_i)²), in units of the code per encoded unit; Σ_i s_i² is
//! the mean of ‖J‖²_F. A column of a table has one or more encoded inputs (a category one per
//! value); its s² is the sum of theirs.

use serde::{Deserialize, Serialize};

use super::jacobian::jacobians;
use crate::data::{Encoded, Preprocessor};
use crate::model::Autoencoder;
use crate::tensor::{Device, to_host};

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnSensitivity {
    /// The column's name.
    pub name: String,
    /// s of the column, in units of the code per encoded unit: per standard deviation of a number,
    /// per unit of log(1 + count), per change from 0 to 1 of a binary or categorical input.
    pub value: f64,
    /// s² divided by the sum over all columns: the column's fraction of ‖J‖²_F; 0 if the code is
    /// constant.
    pub share: f64,
}

/// s of every encoded input, over all `chosen` rows; missing cells are 0 in J.
pub fn input_sensitivity<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    chosen: &[usize],
    device: &Device,
) -> Vec<f64> {
    let mut squares = vec![0.0; rows.width];
    for block in jacobians(model, rows, chosen, device) {
        let sums = to_host(block.square().sum_dim(0).sum_dim(1));
        squares.iter_mut().zip(sums).for_each(|(sum, value)| *sum += value as f64);
    }
    squares.into_iter().map(|sum| (sum / chosen.len().max(1) as f64).sqrt()).collect()
}

/// The sensitivities of the inputs, summed by column in the order of the schema.
pub fn column_sensitivity(preprocessor: &Preprocessor, inputs: &[f64]) -> Vec<ColumnSensitivity> {
    let all: f64 = inputs.iter().map(|s| s * s).sum();
    let features = preprocessor.schema.features.iter().zip(preprocessor.column_ranges());
    let column = |(feature, units): (&crate::data::Feature, std::ops::Range<usize>)| {
        let square: f64 = inputs[units].iter().map(|s| s * s).sum();
        let share = if all == 0.0 { 0.0 } else { square / all };
        ColumnSensitivity { name: feature.name.clone(), value: square.sqrt(), share }
    };
    features.map(column).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};

    use super::*;
    use crate::data::{InferOptions, PreprocessConfig, TypeName, infer};
    use crate::evaluate::testing::{Network, rows};
    use crate::nn::Activation;

    #[test]
    fn sensitivity_of_a_linear_encoder_is_the_norm_of_its_columns() {
        // Columns of W: (3, 4), (0, 0), (1, 0).
        let model = Network::new(&[(2, 3, &[3.0, 0.0, 1.0, 4.0, 0.0, 0.0], Activation::Identity)]);
        let found = input_sensitivity(&model, &rows(3, &[9.0; 6]), &[0, 1], &Device::cpu());
        for (found, expected) in found.iter().zip([5.0, 0.0, 1.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn sensitivity_matches_finite_differences() {
        let (first, second) = ([0.9, -0.4, 0.3, 0.8, -0.7, 0.2], [1.1, 0.5, -0.6, 0.7]);
        let layers: [(usize, usize, &[f32], Activation); 2] =
            [(2, 3, &first, Activation::Tanh), (2, 2, &second, Activation::Sigmoid)];
        let model = Network::new(&layers);
        let at = rows(3, &[0.3, -0.2, 0.5, -1.0, 0.4, 0.1]);
        let found = input_sensitivity(&model, &at, &[0, 1], &Device::cpu());
        let step = 5e-3f32;
        for (i, found) in found.iter().enumerate() {
            let moved = |by: f32| {
                let mut values = at.values.to_vec();
                values.iter_mut().skip(i).step_by(3).for_each(|v| *v += by);
                to_host(model.encode(Device::cpu().tensor(values, [2, 3])))
            };
            let slopes = moved(step).into_iter().zip(moved(-step)).map(|(a, b)| (a - b) / (2.0 * step));
            let expected = (slopes.map(|s| (s as f64).powi(2)).sum::<f64>() / 2.0).sqrt();
            assert!((found - expected).abs() < 1e-3 * expected, "{found} {expected}");
        }
    }

    #[test]
    fn inputs_of_a_column_are_summed() {
        let x: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 3.5, 2.0]));
        let c: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
        let y: ArrayRef = Arc::new(Float64Array::from(vec![0.5, 0.25, 2.25]));
        let batch = RecordBatch::try_from_iter([("x", x), ("c", c), ("y", y)]).unwrap();
        let types = [("c".to_string(), TypeName::Categorical)].into();
        let options = InferOptions { types, ..InferOptions::default() };
        let schema = infer("t", &batch, &options).unwrap().schema;
        let config = PreprocessConfig::default();
        let (fitted, _) = Preprocessor::fit("t", schema, &batch, &[0, 1, 2], &config).unwrap();
        // Encoded: x, y, then the three categories of c.
        let found = column_sensitivity(&fitted, &[3.0, 1.0, 2.0, 1.0, 1.0]);
        let found: Vec<(&str, f64, f64)> = found.iter().map(|c| (&*c.name, c.value, c.share)).collect();
        assert_eq!(found[0], ("x", 3.0, 9.0 / 16.0));
        assert_eq!(found[1], ("c", 6f64.sqrt(), 6.0 / 16.0));
        assert_eq!(found[2], ("y", 1.0, 1.0 / 16.0));
        assert_eq!(column_sensitivity(&fitted, &[0.0; 5])[1].share, 0.0);
    }
}
