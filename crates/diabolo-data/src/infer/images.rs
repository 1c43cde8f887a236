//! Inference of tables with an image column.

use std::collections::BTreeMap;

use arrow_schema::{DataType, Field, Fields};

use super::{InferOptions, Inferred};
use crate::factors::is_factor;
use crate::image::{image_shape, pixel_type};
use crate::{Feature, FeatureKind, Result, Schema, Spelling, Storage};

/// The schema of a table with an image column: `label` and `file` have their usual role, all other
/// columns are excluded (factors of the image without a warning).
pub(super) fn infer_images(
    image: &Field,
    fields: &Fields,
    condition: Vec<Feature>,
    options: &InferOptions,
) -> Result<Inferred> {
    let (height, width, channels) = image_shape(image).unwrap_or_default();
    let real = pixel_type(image) == Some(&DataType::Float32);
    let storage = if real { Storage::Float } else { Storage::Integer };
    let kind = FeatureKind::Image { height, width, channels };
    let (name, spelling) = (image.name().clone(), Spelling::default());
    let features = vec![Feature { name, kind, storage, spelling }];
    let (key, label, dropped) = (options.key.clone(), options.label.clone(), options.drop.clone());
    let mut schema = Schema { features, key, label, condition, dropped };
    let mut warnings = vec![];
    for field in fields.iter().filter(|field| field.name() != image.name()) {
        let name = field.name();
        match name.as_str() {
            "label" if schema.label.is_none() && schema.is_condition(name) => {
                schema.label = Some(name.clone())
            }
            _ if schema.sets_aside(name) => {}
            _ if is_factor(field) => schema.dropped.push(name.clone()),
            "label" if schema.label.is_none() => schema.label = Some(name.clone()),
            "file" if schema.key.is_none() => schema.key = Some(name.clone()),
            _ => {
                warnings.push(format!(
                    "column '{name}' is excluded: with an image column, the model uses the image only"
                ));
                schema.dropped.push(name.clone());
            }
        }
    }
    Ok(Inferred { schema, warnings, reasons: BTreeMap::new() })
}
