//! Batches of rows.

use crate::data::rows::Rows;
use crate::data::{Encoded, draw_pixels, draw_pixels_once};
use crate::kernel::{buffer, in_parallel};
use crate::random::Stream;
use crate::stats::end_if_cancelled;
use crate::tensor::{Device, Tensor, repeat_rows};

/// A batch of encoded rows.
#[derive(Clone)]
pub struct Batch {
    /// batch × encoded width; 0 where a cell is missing.
    pub x: Tensor<2>,
    /// The conditions, for conditional models: batch × condition width.
    pub condition: Option<Tensor<2>>,
    /// 1 where a cell was observed, else 0; `None` if every cell was.
    pub observed: Option<Tensor<2>>,
    /// The class of each row, if there are classes.
    pub classes: Option<Vec<usize>>,
}

impl Batch {
    /// The encoded `rows` as tensors; [dynamic pixels](Encoded::dynamic_pixels) are binarized once,
    /// as for held-out rows. Every pass over rows begins here, and cancelled work ends here.
    pub fn gather(encoded: &Encoded, rows: &[usize], device: &Device) -> Self {
        end_if_cancelled();
        let pixels = encoded.dynamic_pixels;
        let draw = (pixels > 0).then_some(|row: &mut [f32]| draw_pixels_once(&mut row[..pixels]));
        Batch::of(encoded, rows, draw, device)
    }

    /// The encoded `rows` for training: images are [changed](Encoded::augmented) and [dynamic
    /// pixels](Encoded::dynamic_pixels) binarized at random, from a stream each.
    pub fn draw(
        encoded: &Encoded,
        rows: &[usize],
        [changes, bits]: [&mut Stream; 2],
        device: &Device,
    ) -> Self {
        let mut before = vec![];
        let change = |row: &mut [f32]| {
            if let Some(images) = &encoded.augmented {
                images.change(row, &mut before, changes);
            }
            if encoded.dynamic_pixels > 0 {
                draw_pixels(&mut row[..encoded.dynamic_pixels], bits);
            }
        };
        let is_changed = encoded.augmented.is_some() || encoded.dynamic_pixels > 0;
        Batch::of(encoded, rows, is_changed.then_some(change), device)
    }

    fn of(
        encoded: &Encoded,
        rows: &[usize],
        change: Option<impl FnMut(&mut [f32])>,
        device: &Device,
    ) -> Self {
        let mut values = gather(&encoded.values, rows);
        if let Some(change) = change {
            values.chunks_exact_mut(encoded.width).for_each(change);
        }
        let classes =
            encoded.classes.as_ref().map(|classes| rows.iter().map(|&row| classes[row] as usize).collect());
        let observed = encoded.observed.as_ref().map(|flags| device.rows(gather(flags, rows)));
        let condition = encoded.condition.as_ref().map(|c| device.rows(gather(&c.values, rows)));
        Batch { x: device.rows(values), condition, observed, classes }
    }

    /// Rows without missing cells, classes or conditions.
    pub fn new(x: Tensor<2>) -> Self {
        Batch { x, condition: None, observed: None, classes: None }
    }

    /// The input of the encoder: x, followed by the condition.
    pub fn input(&self) -> Tensor<2> {
        self.with_condition(self.x.clone())
    }

    /// The input of the encoder for `x + change`.
    pub fn changed_input(&self, change: Tensor<2>) -> Tensor<2> {
        self.with_condition(self.x.clone() + change)
    }

    /// Codes, or inputs, followed by the condition. `rows` may contain each row of the batch
    /// several times, consecutively.
    pub fn with_condition(&self, rows: Tensor<2>) -> Tensor<2> {
        match &self.condition {
            Some(condition) => {
                let times = rows.dims()[0] / condition.dims()[0];
                Tensor::cat(vec![rows, repeat_rows(condition.clone(), times)], 1)
            }
            None => rows,
        }
    }
}

/// Some of the rows; those without categories are numbers.
fn gather(values: &Rows, rows: &[usize]) -> Rows {
    if values.is_compact() {
        return values.gather(rows);
    }
    let width = values.width();
    let mut out = buffer::take(rows.len() * width);
    for (out, &row) in out.chunks_exact_mut(width.max(1)).zip(rows) {
        out.copy_from_slice(&values[row * width..(row + 1) * width]);
    }
    Rows::dense(out, width)
}

/// Number of rows per pass through a network.
pub(crate) const CHUNK: usize = 1024;

/// Rows of `width` numbers, at most [`CHUNK`], that together have 64 MiB at most; at least one.
pub(crate) fn rows_of_width(width: usize) -> usize {
    const NUMBERS: usize = 1 << 24;
    (NUMBERS / width.max(1)).clamp(1, CHUNK)
}

/// Applies `network` to all `rows`, chunk by chunk on all cores; the result is on the host.
pub(crate) fn in_chunks<T: Clone + Send>(
    rows: &Encoded,
    device: &Device,
    network: impl Fn(Batch) -> Vec<T> + Sync,
) -> Vec<T> {
    let all: Vec<usize> = (0..rows.rows).collect();
    let of_chunk = |chunk: &[usize]| network(Batch::gather(rows, chunk, device));
    in_parallel(&all, CHUNK, of_chunk).concat()
}
