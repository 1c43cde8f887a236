//! The built-in data set `factors`: synthetic images of five independent factors.
//!
//! White shapes on black, 32 × 32 pixels, antialiased: 3 shapes (square, ellipse, heart) × 4 scales
//! × 8 rotations × 8 × 8 positions, every combination once, the last factor fastest: 6,144 images,
//! similar to dSprites (Matthey et al. 2017). A model sees the image only; the factors are kept to
//! measure the disentanglement of the code.
//!
//! | factor | classes |
//! |---|---|
//! | `shape` | square; ellipse, half as wide as long; heart, (x² + y² − 1)³ ≤ x² y³ |
//! | `scale` | radius of the circle around the shape: 4.75, 6, 7.25 or 8.5 pixels |
//! | `rotation` | anticlockwise, in eighths of the shape's period: 90° (square), 180° (ellipse), 360° (heart) |
//! | `x`, `y` | centre, 9 to 23 pixels from the left and from the top, in steps of 2 |

use std::collections::HashMap;
use std::f64::consts::FRAC_1_SQRT_2;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt8Array};
use arrow_schema::{Field, Schema};

use super::cells::Cells;
use super::image::{image_array, image_field};
use crate::{Error, Result};

/// The factors, slowest first.
const NAMES: [&str; 5] = ["shape", "scale", "rotation", "x", "y"];
/// Number of classes of each factor.
const CARDINALITIES: [usize; 5] = [3, 4, 8, 8, 8];
const SHAPES: [&str; 3] = ["square", "ellipse", "heart"];
const RADII: [f64; 4] = [4.75, 6.0, 7.25, 8.5];
const ROWS: usize = 6144;
const SIDE: usize = 32;
/// Antialiasing: a pixel is the mean over a square grid with this side.
const POINTS: usize = 8;

/// Metadata key that marks a column as a factor of the image, with the value `factor`.
const ROLE: &str = "diabolo.role";

/// The factors of a set of images: one class for every factor and row.
#[derive(Debug, Clone, Default)]
pub struct Factors {
    /// The factors' names.
    pub names: Vec<String>,
    /// Number of classes of each factor.
    pub cardinalities: Vec<usize>,
    /// Rows × factors, row-major; classes are numbered from 0.
    pub classes: Vec<u32>,
    /// The class of each text, by factor.
    seen: Vec<HashMap<String, u32>>,
}

impl Factors {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.classes.len() / self.names.len().max(1)
    }

    /// Whether any factor has two or more classes.
    pub fn vary(&self) -> bool {
        self.cardinalities.iter().any(|&count| count > 1)
    }

    /// Adds the rows of `batch`; returns whether it has columns marked as factors. Classes are
    /// numbered in order of appearance.
    pub fn add(&mut self, batch: &RecordBatch) -> bool {
        let fields = batch.schema();
        let marked = fields.fields().iter().zip(batch.columns()).filter(|(field, _)| is_factor(field));
        let (names, texts): (Vec<String>, Vec<StringArray>) =
            marked.map(|(field, column)| (field.name().clone(), Cells::of(column).texts())).unzip();
        if names.is_empty() || (self.rows() > 0 && names != self.names) {
            return false;
        }
        self.seen.resize_with(names.len(), HashMap::new);
        for row in 0..batch.num_rows() {
            for (column, seen) in texts.iter().zip(&mut self.seen) {
                let next = seen.len() as u32;
                let text = column.value(row).to_string();
                self.classes.push(*seen.entry(text).or_insert(next));
            }
        }
        self.names = names;
        self.cardinalities = self.seen.iter().map(HashMap::len).collect();
        true
    }
}

/// Whether this column is a factor of the image.
pub(crate) fn is_factor(field: &Field) -> bool {
    field.metadata().get(ROLE).is_some_and(|role| role == "factor")
}

/// The factors of all 6,144 rows, in their order.
pub fn factors() -> Factors {
    Factors {
        names: NAMES.map(String::from).into(),
        cardinalities: CARDINALITIES.into(),
        classes: (0..ROWS).flat_map(classes).map(|class| class as u32).collect(),
        seen: vec![],
    }
}

/// All images and their factors: the columns `image`, `shape` (text), and `scale`, `rotation`, `x`,
/// `y` (class numbers).
pub fn pictures() -> Result<RecordBatch> {
    let sprites: Vec<Vec<u8>> = (0..SHAPES.len() * RADII.len() * 8)
        .map(|k| sprite(k / 8 / RADII.len(), RADII[k / 8 % RADII.len()], k % 8))
        .collect();
    let pixels = (0..ROWS).flat_map(|row| {
        let [.., x, y] = classes(row);
        moved(&sprites[row / 64], offset(x), offset(y))
    });
    let damaged = |error: arrow_schema::ArrowError| {
        Error::internal(format!("cannot create the images of the factors: {error}"))
    };
    let image = image_field(SIDE, SIDE, 1, false);
    let images = image_array(&image, Arc::new(pixels.collect::<UInt8Array>())).map_err(damaged)?;
    let (mut fields, mut columns) = (vec![image], vec![images]);
    for (factor, name) in NAMES.into_iter().enumerate() {
        let column: ArrayRef = match factor {
            0 => Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| SHAPES[classes(row)[0]]))),
            _ => Arc::new(Int64Array::from_iter_values((0..ROWS).map(|row| classes(row)[factor] as i64))),
        };
        let role = HashMap::from([(ROLE.to_string(), "factor".to_string())]);
        fields.push(Field::new(name, column.data_type().clone(), false).with_metadata(role));
        columns.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(damaged)
}

/// The class of every factor in a row.
fn classes(mut row: usize) -> [usize; 5] {
    let mut classes = [0; 5];
    for (class, count) in classes.iter_mut().zip(CARDINALITIES).rev() {
        *class = row % count;
        row /= count;
    }
    classes
}

/// Offset from the centre in whole pixels: −7, −5, …, 7, so that moving a shape is exact.
fn offset(position: usize) -> isize {
    2 * position as isize - 7
}

/// A shape in the centre of an image.
fn sprite(shape: usize, radius: f64, rotation: usize) -> Vec<u8> {
    let (cos, sin) = turn(rotation << shape);
    let inside = |x: f64, y: f64| {
        // The point in the coordinates of the unrotated shape, y upwards, in radii.
        let (right, up) = (x / radius, -y / radius);
        contains(shape, right * cos + up * sin, up * cos - right * sin)
    };
    let middle = SIDE as f64 / 2.0;
    let point = |pixel: usize, k: usize| pixel as f64 + (k as f64 + 0.5) / POINTS as f64 - middle;
    let pixel = |at: usize| {
        let points = (0..POINTS * POINTS)
            .filter(|k| inside(point(at % SIDE, k % POINTS), point(at / SIDE, k / POINTS)));
        (points.count() * 255 + POINTS * POINTS / 2) / (POINTS * POINTS)
    };
    (0..SIDE * SIDE).map(|at| pixel(at) as u8).collect()
}

/// Whether a point lies in the shape whose surrounding circle has radius 1.
fn contains(shape: usize, x: f64, y: f64) -> bool {
    match shape {
        0 => x.abs().max(y.abs()) <= FRAC_1_SQRT_2,
        1 => x * x + 4.0 * y * y <= 1.0,
        _ => {
            // The lowest point of the curve is (0, −1); its smallest enclosing circle has radius
            // 5/4 and centre (0, 1/4).
            let (x, y) = (1.25 * x, 1.25 * y + 0.25);
            let ring = x * x + y * y - 1.0;
            ring * ring * ring <= x * x * y * y * y
        }
    }
}

/// Cosine and sine of `k` times 11.25°, from a table, so that every machine draws the same bytes.
fn turn(k: usize) -> (f64, f64) {
    const COSINES: [f64; 9] = [
        1.0,
        0.980_785_280_403_230_4,
        0.923_879_532_511_286_7,
        0.831_469_612_302_545_2,
        FRAC_1_SQRT_2,
        0.555_570_233_019_602_2,
        0.382_683_432_365_089_8,
        0.195_090_322_016_128_3,
        0.0,
    ];
    let quarter = (COSINES[k % 8], COSINES[8 - k % 8]);
    (0..k / 8 % 4).fold(quarter, |(cos, sin), _| (-sin, cos))
}

/// The image moved right and down, filled with black.
fn moved(picture: &[u8], right: isize, down: isize) -> Vec<u8> {
    let side = SIDE as isize;
    let at = |x: isize, y: isize| match (0..side).contains(&x) && (0..side).contains(&y) {
        true => picture[(y * side + x) as usize],
        false => 0,
    };
    (0..side * side).map(|k| at(k % side - right, k / side - down)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow_array::cast::AsArray;
    use arrow_array::types::UInt8Type;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::input::hex;

    fn pixels(batch: &RecordBatch) -> Vec<u8> {
        batch.column(0).as_fixed_size_list().values().as_primitive::<UInt8Type>().values().to_vec()
    }

    #[test]
    fn images_are_distinct_and_reproducible() {
        let batch = pictures().unwrap();
        let pixels = pixels(&batch);
        let different: std::collections::HashSet<&[u8]> = pixels.chunks_exact(SIDE * SIDE).collect();
        assert_eq!((batch.num_rows(), different.len()), (ROWS, ROWS));
        assert_eq!(
            hex(&Sha256::digest(&pixels)),
            "e0691cd4031c005164de91c4b308338a6f3d9ab4097872b3af3e96cecf201bcd"
        );
    }

    #[test]
    fn areas_and_centres_match_the_shapes() {
        // 2R², πR²/2, and the heart's area, 3.66197 for the curve as written, by the polygon of
        // 4,000 of its points.
        let unit = [2.0, std::f64::consts::FRAC_PI_2, 3.66197 / 1.25f64.powi(2)];
        for (shape, unit) in unit.into_iter().enumerate() {
            let mut ratios = vec![];
            for (radius, rotation) in RADII.into_iter().flat_map(|r| (0..8).map(move |k| (r, k))) {
                let sprite = sprite(shape, radius, rotation);
                let area = sprite.iter().map(|p| f64::from(*p)).sum::<f64>() / 255.0;
                let ratio = area / (unit * radius * radius);
                // An edge along the grid is off by up to half an eighth of a pixel: 2 · 1/16 of the
                // smallest half side, 3.36.
                assert!((ratio - 1.0).abs() < 0.038, "{shape} {radius} {rotation}: {ratio}");
                ratios.push(ratio);
                let far = |at: &usize| {
                    let from_middle = |side: usize| (side as f64 + 0.5 - 16.0).abs();
                    from_middle(at % SIDE).hypot(from_middle(at / SIDE)) > radius + FRAC_1_SQRT_2
                };
                assert!((0..SIDE * SIDE).filter(far).all(|at| sprite[at] == 0), "no ink outside the circle");
            }
            let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
            assert!((mean - 1.0).abs() < 0.005, "{shape}: {mean}");
        }
    }

    #[test]
    fn rotation_and_orientation_of_shapes() {
        let ink = |sprite: &[u8], x: usize, y: usize| sprite[y * SIDE + x] > 127;
        let (square, diamond) = (sprite(0, 8.5, 0), sprite(0, 8.5, 4));
        // Half the side is 6.01 and half the diagonal 8.5.
        assert!(ink(&square, 21, 21) && !ink(&square, 23, 16), "a corner, and no tip");
        assert!(!ink(&diamond, 21, 21) && ink(&diamond, 23, 16), "a tip, and no corner");
        let heart = sprite(2, 8.5, 0);
        assert!(ink(&heart, 16, 23) && !ink(&heart, 16, 9), "a tip below, a notch above");
        // A quarter anticlockwise: the tip, once below, is at the right.
        let turned = sprite(2, 8.5, 2);
        assert!(ink(&turned, 23, 16) && !ink(&turned, 9, 16));
    }

    #[test]
    fn columns_and_classes_agree_and_the_last_factor_is_the_fastest() {
        let all = factors();
        assert_eq!(all.rows(), ROWS);
        assert_eq!(all.classes[..15], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2]);
        assert_eq!(all.classes[all.classes.len() - 5..], [2, 3, 7, 7, 7]);
        let batch = pictures().unwrap();
        let mut read = Factors::default();
        assert!(read.add(&batch.slice(0, 100)) && read.add(&batch.slice(100, ROWS - 100)));
        assert_eq!(
            (read.names, read.cardinalities, read.classes),
            (all.names, all.cardinalities, all.classes)
        );
        assert!(!Factors::default().add(&crate::digits::digits().unwrap()));
        let middle = |row: usize| {
            let (mut ink, mut sums) = (0.0, [0.0; 2]);
            for (at, p) in pixels(&batch)[row * SIDE * SIDE..][..SIDE * SIDE].iter().enumerate() {
                ink += f64::from(*p);
                sums[0] += f64::from(*p) * ((at % SIDE) as f64 + 0.5);
                sums[1] += f64::from(*p) * ((at / SIDE) as f64 + 0.5);
            }
            sums.map(|sum| sum / ink)
        };
        // A square at x class 0 and y class 7: centre (9, 23).
        let [x, y] = middle(7);
        assert!((x - 9.0).abs() < 1e-9 && (y - 23.0).abs() < 1e-9, "{x} {y}");
    }
}
