//! The likelihood of categories as an operation, from logits and compact rows.

use super::Tensor;
use super::array::Array;
use super::data::Data;
use super::shape::Shape;
use super::tape::record;
use crate::data::rows::{Bits, Cells, Codes, Rows};
use crate::kernel::{self, Category, Logits, buffer};

/// Neighbouring categories of the rows of a batch.
pub struct Categories {
    categories: Vec<Positions>,
    rows: usize,
}

/// The positions of one category.
struct Positions {
    /// Its first logit.
    start: usize,
    levels: usize,
    codes: Codes,
    observed: Option<Bits>,
}

impl Categories {
    /// Those of `x` with these first columns, numbers of levels and first logits, each one segment
    /// of `x`, and its marks one of `observed`; `None` if they are not.
    pub fn find(
        x: &Tensor<2>,
        observed: Option<&Tensor<2>>,
        wanted: impl Iterator<Item = (usize, usize, usize)>,
    ) -> Option<Self> {
        let x = rows(x)?;
        let marks = observed.map(|observed| rows(observed).ok_or(())).transpose().ok()?;
        let of = |(column, levels, start): (usize, usize, usize)| {
            let Cells::OneHot(codes) = cells(x, column, levels)? else { return None };
            let observed = match marks.map(|marks| cells(marks, column, levels)) {
                None => None,
                Some(Some(Cells::SharedFlags(flags))) => Some(flags.clone()),
                Some(_) => return None,
            };
            Some(Positions { start, levels, codes: codes.clone(), observed })
        };
        let categories = wanted.map(of).collect::<Option<Vec<_>>>()?;
        Some(Categories { categories, rows: x.rows() })
    }

    fn each(&self) -> Vec<Category<'_>> {
        let categories = self.categories.iter().map(|category| Category {
            start: category.start,
            levels: category.levels,
            codes: &category.codes,
            observed: category.observed.as_ref(),
        });
        categories.collect()
    }

    /// `total` − log p of each row, in nats. `logits`: (batch · K) × width, K rows for each row of
    /// the batch; result: batch · K.
    pub fn negative_log_likelihood(self, total: Option<Tensor<1>>, logits: Tensor<2>) -> Tensor<1> {
        let [count, width] = logits.dims();
        let times = count / self.rows.max(1);
        let (node, losses) = match total {
            Some(total) => (total.node, array(total.data).into_values()),
            None => (None, vec![0.0; count]),
        };
        let (nodes, mut losses) = ([node, logits.node], losses);
        let values = array(logits.data);
        let mut weights = buffer::take(count * width);
        weights.fill(0.0);
        let mut sums = vec![0.0; count * self.categories.len()];
        let of = Logits { values: values.values(), width, times };
        kernel::categorical(&self.each(), of, &mut losses, &mut weights, &mut sums);
        let node = record(nodes, move |g, wanted| {
            let of_logits = wanted[1].then(|| {
                kernel::categorical_gradient(
                    &self.each(),
                    times,
                    array(g.clone()).values(),
                    &sums,
                    &mut weights,
                );
                Data::F32(Array::new(weights, Shape::new(&[count, width])))
            });
            [wanted[0].then_some(g), of_logits]
        });
        Tensor { data: Data::F32(Array::new(losses, Shape::new(&[count]))), node }
    }
}

fn array(data: Data) -> Array<f32> {
    match data {
        Data::F32(array) => array,
        _ => panic!("kernels compute in single precision, on the processor"),
    }
}

/// The rows of a tensor in single precision on the processor, if they are compact.
fn rows(tensor: &Tensor<2>) -> Option<&Rows> {
    match &tensor.data {
        Data::F32(array) => array.rows(),
        _ => None,
    }
}

/// The cells of the segment with these columns.
fn cells(rows: &Rows, start: usize, width: usize) -> Option<&Cells> {
    let found = rows.placed().find(|(columns, _)| *columns == (start..start + width));
    found.map(|(_, segment)| &segment.cells)
}
