//! Shapes of up to four dimensions, and how two of them are walked together.

use std::ops::Deref;

/// The most dimensions a tensor can have.
const MOST: usize = 4;

/// The lengths of the dimensions of row-major numbers, the last fastest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    lengths: [usize; MOST],
    rank: usize,
}

impl Shape {
    /// # Panics
    /// With more than four dimensions.
    pub fn new(dims: &[usize]) -> Self {
        let mut lengths = [1; MOST];
        lengths[..dims.len()].copy_from_slice(dims);
        Shape { lengths, rank: dims.len() }
    }

    /// Number of elements.
    pub fn size(&self) -> usize {
        self.iter().product()
    }

    /// The lengths as an array.
    ///
    /// # Panics
    /// If there are not D of them.
    pub fn dims<const D: usize>(&self) -> [usize; D] {
        (**self).try_into().unwrap_or_else(|_| panic!("a tensor of {D} dimensions has the shape {self:?}"))
    }

    /// The shape with another length of one dimension.
    pub fn with(mut self, dim: usize, length: usize) -> Self {
        assert!(dim < self.rank, "dimension {dim} of {self:?}");
        self.lengths[dim] = length;
        self
    }

    /// (before, length, after): the numbers of elements outside, along and inside `dim`.
    pub fn around(&self, dim: usize) -> (usize, usize, usize) {
        (self[..dim].iter().product(), self[dim], self[dim + 1..].iter().product())
    }

    /// The shape of an operation on both, where a length of 1 is repeated as often as necessary.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn broadcast(&self, other: &Shape) -> Shape {
        let fits = |(a, b): (&usize, &usize)| a == b || *a == 1 || *b == 1;
        assert!(
            self.rank == other.rank && self.iter().zip(other.iter()).all(fits),
            "shapes {:?} and {:?} do not fit",
            &**self,
            &**other
        );
        let mut shape = *self;
        for (length, other) in shape.lengths.iter_mut().zip(other.lengths) {
            *length = if *length == 1 { other } else { *length };
        }
        shape
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.lengths[..self.rank]
    }
}

/// A loop over one dimension of a result, or over neighbouring ones that are walked alike: its
/// length, and the steps of both operands, 0 where they are repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Loop {
    pub length: usize,
    pub steps: [usize; 2],
}

/// The loops over `shape`, the outermost first, for operands with the shapes `of`, which broadcast
/// to it. The last loop has steps of 0 or 1.
pub(crate) fn loops(shape: &Shape, of: [&Shape; 2]) -> Vec<Loop> {
    let mut all: Vec<Loop> = Vec::with_capacity(MOST);
    let mut strides = [1, 1];
    for dim in (0..shape.len()).rev() {
        let mut steps = [0, 0];
        for operand in 0..2 {
            let length = of[operand][dim];
            steps[operand] = if length == 1 { 0 } else { strides[operand] };
            strides[operand] *= length;
        }
        let length = shape[dim];
        match all.last_mut() {
            _ if length == 1 => {}
            Some(inner) if (0..2).all(|i| steps[i] == inner.steps[i] * inner.length) => {
                inner.length *= length;
            }
            _ => all.push(Loop { length, steps }),
        }
    }
    if all.first().is_none_or(|inner| inner.steps.iter().any(|&step| step > 1)) {
        all.insert(0, Loop { length: 1, steps: [0, 0] });
    }
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_dimensions_are_walked_as_one() {
        let [a, row, column] = [[2, 3, 4], [1, 1, 4], [2, 3, 1]].map(|dims| Shape::new(&dims));
        let loops = |x: &Shape, y: &Shape| -> Vec<(usize, [usize; 2])> {
            super::loops(&x.broadcast(y), [x, y]).iter().map(|l| (l.length, l.steps)).collect()
        };
        assert_eq!(loops(&a, &a), [(24, [1, 1])]);
        assert_eq!(loops(&a, &row), [(6, [4, 0]), (4, [1, 1])]);
        assert_eq!(loops(&a, &column), [(6, [4, 1]), (4, [1, 0])]);
        assert_eq!(loops(&row, &column), [(6, [0, 1]), (4, [1, 0])]);
        let one = Shape::new(&[1, 1, 1]);
        assert_eq!(loops(&one, &one), [(1, [0, 0])]);
        // Both are strided in the last dimension that is not 1.
        let thin = Shape::new(&[2, 3, 1]);
        assert_eq!(loops(&thin, &Shape::new(&[1, 3, 1])), [(2, [3, 0]), (3, [1, 1])]);
    }

    #[test]
    #[should_panic(expected = "shapes [2, 3] and [2, 4] do not fit")]
    fn shapes_that_do_not_fit_are_refused() {
        Shape::new(&[2, 3]).broadcast(&Shape::new(&[2, 4]));
    }
}
