//! Row-major numbers in the processor's memory, shared until they are changed.

use std::sync::Arc;

use super::element::Element;
use super::shape::{Loop, Shape, loops};
use super::values::Values;
use crate::data::rows::Rows;
use crate::kernel::{self, Window, dispatch_simd, fold_lanes};

/// Numbers and their shape.
#[derive(Clone, Debug)]
pub(crate) struct Array<T: Element> {
    values: Arc<Values<T>>,
    shape: Shape,
}

impl<T: Element> Array<T> {
    /// # Panics
    /// If the number of values is not that of the shape.
    pub fn new(values: Vec<T>, shape: Shape) -> Self {
        assert_eq!(values.len(), shape.size(), "values of the shape {:?}", &*shape);
        Array { values: Arc::new(values.into()), shape }
    }

    /// Rows that stay compact as long as no operation needs all their numbers.
    pub fn of_rows(rows: Rows) -> Self {
        let shape = Shape::new(&[rows.rows(), rows.width()]);
        match rows.is_compact() {
            true => Array { values: Arc::new(Values::of_rows(rows)), shape },
            false => Array::new(T::from_f32(rows.into_dense()), shape),
        }
    }

    /// The rows, if they are compact.
    pub fn rows(&self) -> Option<&Rows> {
        let of_shape = |rows: &&Rows| *self.shape == [rows.rows(), rows.width()];
        self.values.rows().filter(of_shape)
    }

    /// The numbers, if they are not shared.
    fn own(&mut self) -> Option<&mut Vec<T>> {
        Arc::get_mut(&mut self.values).map(Values::numbers_mut)
    }

    pub fn full(value: T, shape: Shape) -> Self {
        Array::new(vec![value; shape.size()], shape)
    }

    pub fn shape(&self) -> Shape {
        self.shape
    }

    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The numbers alone; copied if they are shared.
    pub fn into_values(mut self) -> Vec<T> {
        self.values_mut();
        self.own().map(std::mem::take).expect("not shared")
    }

    /// The numbers, for a change in place; copied if they are shared.
    pub fn values_mut(&mut self) -> &mut [T] {
        if Arc::get_mut(&mut self.values).is_none() {
            let mut copy = T::buffer(self.values.len());
            copy.copy_from_slice(&self.values);
            self.values = Arc::new(copy.into());
        }
        self.own().expect("not shared")
    }

    /// The same numbers in another shape of the same size.
    pub fn reshape(mut self, shape: Shape) -> Self {
        assert_eq!(self.shape.size(), shape.size(), "{:?} as {:?}", &*self.shape, &*shape);
        self.shape = shape;
        self
    }

    /// f of every number; in place if they are not shared.
    #[inline(always)]
    pub fn map(mut self, f: impl Fn(T) -> T) -> Self {
        match self.own() {
            Some(values) => dispatch_simd(
                #[inline(always)]
                || values.iter_mut().for_each(|value| *value = f(*value)),
            ),
            None => {
                let mut out = T::buffer(self.values.len());
                dispatch_simd(
                    #[inline(always)]
                    || out.iter_mut().zip(&**self.values).for_each(|(out, value)| *out = f(*value)),
                );
                self.values = Arc::new(out.into());
            }
        }
        self
    }

    /// f of every pair; lengths of 1 are repeated. In place if an operand is not shared.
    #[inline(always)]
    pub fn zip(mut self, mut other: Self, f: impl Fn(T, T) -> T) -> Self {
        if self.shape != other.shape {
            return self.shape.broadcast(&other.shape).zip(&self, &other, f);
        }
        if let Some(values) = self.own() {
            dispatch_simd(
                #[inline(always)]
                || values.iter_mut().zip(&**other.values).for_each(|(a, b)| *a = f(*a, *b)),
            );
            return self;
        }
        if let Some(values) = other.own() {
            dispatch_simd(
                #[inline(always)]
                || values.iter_mut().zip(&**self.values).for_each(|(b, a)| *b = f(*a, *b)),
            );
            return other;
        }
        self.shape.zip(&self, &other, f)
    }

    /// The number where `mask` is 0, else that of `other`; all of one shape.
    pub fn where_mask(mut self, mask: &Self, other: &Self) -> Self {
        assert!(self.shape == mask.shape && self.shape == other.shape, "shapes of a choice");
        let cells = self.values_mut().iter_mut();
        for ((value, mask), other) in cells.zip(&**mask.values).zip(&**other.values) {
            *value = if *mask == T::default() { *value } else { *other };
        }
        self
    }

    /// Repeats dimensions of length 1.
    pub fn expand(self, shape: Shape) -> Self {
        if self.shape == shape {
            return self;
        }
        assert!(self.shape.broadcast(&shape) == shape, "{:?} expanded to {:?}", &*self.shape, &*shape);
        let unused = Array::full(T::default(), Shape::new(&[1; 4][..shape.len()]));
        shape.zip(&self, &unused, |a, _| a)
    }

    /// The sum over a dimension, which is kept with length 1.
    pub fn sum_dim(&self, dim: usize) -> Self {
        self.reduce(
            dim,
            T::default(),
            #[inline(always)]
            |a, b| a + b,
        )
    }

    /// The sums that reduce the numbers to `shape`, in which some lengths are 1.
    pub fn sum_to(self, shape: Shape) -> Self {
        let dims = (0..shape.len()).filter(|&dim| self.shape[dim] != shape[dim]).collect::<Vec<_>>();
        dims.into_iter().fold(self, |sum, dim| sum.sum_dim(dim))
    }

    /// The largest number along a dimension, which is kept with length 1; NaN if one is NaN.
    pub fn max_dim(&self, dim: usize) -> Self {
        self.reduce(
            dim,
            T::of(f64::NEG_INFINITY),
            #[inline(always)]
            |a, b| if a >= b || a.is_nan() { a } else { b },
        )
    }

    /// f of all numbers along a dimension, which is kept with length 1, from `start`.
    ///
    /// Along the last dimension there are several partial results, the same on every processor.
    #[inline(always)]
    fn reduce(&self, dim: usize, start: T, f: impl Fn(T, T) -> T) -> Self {
        let (before, length, after) = self.shape.around(dim);
        let mut out = vec![start; before * after];
        let last = |numbers: &[T]| {
            dispatch_simd(
                #[inline(always)]
                || fold_lanes(numbers, start, &f),
            )
        };
        for (out, numbers) in
            out.chunks_exact_mut(after.max(1)).zip(self.values.chunks_exact((length * after).max(1)))
        {
            if after == 1 {
                out[0] = last(numbers);
                continue;
            }
            for row in numbers.chunks_exact(after) {
                dispatch_simd(
                    #[inline(always)]
                    || out.iter_mut().zip(row).for_each(|(out, number)| *out = f(*out, *number)),
                );
            }
        }
        Array::new(out, self.shape.with(dim, 1))
    }

    /// The position of the largest number along the last dimension; the first of equal ones.
    pub fn argmax(&self) -> Vec<usize> {
        let width = self.shape.last().copied().unwrap_or(1).max(1);
        let of = |row: &[T]| (1..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best });
        self.values.chunks_exact(width).map(of).collect()
    }

    /// Sums of the numbers up to each position of the last dimension.
    pub fn cumsum(mut self) -> Self {
        let width = self.shape.last().copied().unwrap_or(1).max(1);
        for row in self.values_mut().chunks_exact_mut(width) {
            (1..row.len()).for_each(|i| row[i] = row[i - 1] + row[i]);
        }
        self
    }

    pub fn swap_dims(self, first: usize, second: usize) -> Self {
        let (a, b) = (first.min(second), first.max(second));
        let shape = self.shape.with(a, self.shape[b]).with(b, self.shape[a]);
        if a == b || self.shape[a..=b].iter().filter(|&&length| length > 1).count() < 2 {
            return self.reshape(shape);
        }
        if b == a + 1 && b + 1 == shape.len() {
            let (before, rows, columns) = self.shape.around(a);
            let one = |matrix: &[T]| kernel::transposed(matrix, [rows, columns]);
            let each = || self.values.chunks_exact(rows * columns).map(one).collect::<Vec<_>>().concat();
            return Array::new(if before == 1 { one(&self.values) } else { each() }, shape);
        }
        let (before, ..) = self.shape.around(a);
        let between: usize = self.shape[a + 1..b].iter().product();
        let (.., after) = self.shape.around(b);
        let (rows, columns) = (self.shape[a], self.shape[b]);
        let mut out = Vec::with_capacity(self.values.len());
        for (block, j, m, i) in (0..before).flat_map(|block| {
            (0..columns)
                .flat_map(move |j| (0..between).flat_map(move |m| (0..rows).map(move |i| (block, j, m, i))))
        }) {
            let at = (((block * rows + i) * between + m) * columns + j) * after;
            out.extend_from_slice(&self.values[at..at + after]);
        }
        Array::new(out, shape)
    }

    /// `length` positions of a dimension, from `start`.
    pub fn narrow(&self, dim: usize, start: usize, length: usize) -> Self {
        let (_, width, after) = self.shape.around(dim);
        assert!(start + length <= width, "{start}..{} of {:?}", start + length, &*self.shape);
        let some = |rows: &Rows| match dim {
            0 => Some(rows.gather(&(start..start + length).collect::<Vec<_>>())),
            _ => rows.narrow(start..start + length),
        };
        if let Some(rows) = self.rows().and_then(some) {
            return Array::of_rows(rows);
        }
        let mut out = Vec::with_capacity(self.values.len() / width.max(1) * length);
        for block in self.values.chunks_exact((width * after).max(1)) {
            out.extend_from_slice(&block[start * after..(start + length) * after]);
        }
        Array::new(out, self.shape.with(dim, length))
    }

    /// The inverse of [`narrow`](Self::narrow): zeros outside.
    pub fn embed(&self, dim: usize, start: usize, width: usize) -> Self {
        let (_, length, after) = self.shape.around(dim);
        let shape = self.shape.with(dim, width);
        let mut out = vec![T::default(); shape.size()];
        let blocks = self.values.chunks_exact((length * after).max(1));
        for (to, from) in out.chunks_exact_mut((width * after).max(1)).zip(blocks) {
            to[start * after..(start + length) * after].copy_from_slice(from);
        }
        Array::new(out, shape)
    }

    /// Joins along a dimension.
    pub fn cat(all: &[Self], dim: usize) -> Self {
        if dim == 1
            && let [first, second] = all
            && let Some(rows) = first.rows()
            // Others would lose digits.
            && (second.rows().is_some() || size_of::<T>() == size_of::<f32>())
        {
            let dense = || Rows::dense(T::into_f32(second.values.to_vec()), second.shape[1]);
            return Array::of_rows(
                second.rows().map_or_else(|| rows.beside(&dense()), |more| rows.beside(more)),
            );
        }
        let shape = all[0].shape.with(dim, all.iter().map(|array| array.shape[dim]).sum());
        let (before, ..) = shape.around(dim);
        let mut out = Vec::with_capacity(shape.size());
        for block in 0..before {
            for array in all {
                let size = array.values.len() / before;
                out.extend_from_slice(&array.values[block * size..(block + 1) * size]);
            }
        }
        Array::new(out, shape)
    }

    /// The positions `chosen` of a dimension.
    pub fn select(&self, dim: usize, chosen: &[usize]) -> Self {
        let (before, width, after) = self.shape.around(dim);
        let shape = self.shape.with(dim, chosen.len());
        let mut out = Vec::with_capacity(shape.size());
        for block in 0..before {
            for &position in chosen {
                let at = (block * width + position) * after;
                out.extend_from_slice(&self.values[at..at + after]);
            }
        }
        Array::new(out, shape)
    }

    /// The transpose of [`select`](Self::select): sums at the positions of a dimension of `width`.
    pub fn add_at(&self, dim: usize, chosen: &[usize], width: usize) -> Self {
        let (before, length, after) = self.shape.around(dim);
        let shape = self.shape.with(dim, width);
        let mut out = vec![T::default(); shape.size()];
        for block in 0..before {
            for (k, &position) in chosen.iter().enumerate() {
                let from = &self.values[(block * length + k) * after..][..after];
                let to = &mut out[(block * width + position) * after..][..after];
                to.iter_mut().zip(from).for_each(|(sum, value)| *sum = *sum + *value);
            }
        }
        Array::new(out, shape)
    }

    /// The patches of images (one a row) at all positions of a window: (rows · positions) × patch.
    pub fn gather(&self, window: &Window) -> Self {
        let rows = self.shape[0];
        let shape = Shape::new(&[rows * window.positions(), window.patch()]);
        let mut out = T::buffer(shape.size());
        kernel::gather(window, &self.values, 0..rows * window.rows.positions(), &mut out);
        Array::new(out, shape)
    }

    /// The transpose of [`gather`](Self::gather): the sums of patches where they lie in `rows`
    /// images.
    pub fn fold(&self, window: &Window, rows: usize) -> Self {
        let mut out = vec![T::default(); rows * window.image()];
        kernel::fold(window, &self.values, 0..rows * window.rows.positions(), &mut out);
        Array::new(out, Shape::new(&[rows, window.image()]))
    }

    /// The product of two matrices, or of each pair of a stack of them; `transposed`: of their
    /// transposes.
    pub fn matmul(&self, other: &Self, transposed: [bool; 2]) -> Self {
        let (dims, rank) = ([self.shape, other.shape], self.shape.len());
        let [a, b] = dims.map(|shape| [shape[rank - 2], shape[rank - 1]]);
        let stack: usize = self.shape[..rank - 2].iter().product();
        assert_eq!(self.shape[..rank - 2], other.shape[..rank - 2], "stacks of matrices");
        let rows = if transposed[0] { a[1] } else { a[0] };
        let columns = if transposed[1] { b[0] } else { b[1] };
        let shape = self.shape.with(rank - 2, rows).with(rank - 1, columns);
        let one = |k: usize| {
            let (size_a, size_b) = (a[0] * a[1], b[0] * b[1]);
            let (a_values, b_values) =
                (&self.values[k * size_a..][..size_a], &other.values[k * size_b..][..size_b]);
            T::product((a_values, a, transposed[0]), (b_values, b, transposed[1]))
        };
        let values = if stack == 1 { one(0) } else { (0..stack).map(one).collect::<Vec<_>>().concat() };
        Array::new(values, shape)
    }
}

impl<T: Element> Drop for Array<T> {
    fn drop(&mut self) {
        if let Some(values) = Arc::get_mut(&mut self.values)
            && values.rows().is_none()
        {
            T::keep(std::mem::take(values.numbers_mut()));
        }
    }
}

impl Shape {
    /// f of every pair of numbers of operands that broadcast to this shape.
    #[inline(always)]
    fn zip<T: Element>(&self, a: &Array<T>, b: &Array<T>, f: impl Fn(T, T) -> T) -> Array<T> {
        let mut out = T::buffer(self.size());
        if !out.is_empty() {
            let all = loops(self, [&a.shape, &b.shape]);
            dispatch_simd(
                #[inline(always)]
                || each_pair(&all, &mut out, &a.values, &b.values, &f),
            );
        }
        Array::new(out, *self)
    }
}

/// Walks at most four loops: three of them around the innermost.
#[inline(always)]
fn each_pair<T: Element>(all: &[Loop], out: &mut [T], a: &[T], b: &[T], f: &impl Fn(T, T) -> T) {
    const ONCE: Loop = Loop { length: 1, steps: [0, 0] };
    let (inner, outer) = all.split_last().expect("loops has at least one");
    let mut around = [ONCE; 3];
    around[3 - outer.len()..].copy_from_slice(outer);
    let mut runs = out.chunks_exact_mut(inner.length);
    for i in 0..around[0].length {
        for j in 0..around[1].length {
            for k in 0..around[2].length {
                let start = |operand: usize| {
                    i * around[0].steps[operand] + j * around[1].steps[operand] + k * around[2].steps[operand]
                };
                let (out, a, b) = (runs.next().expect("as many runs"), &a[start(0)..], &b[start(1)..]);
                match inner.steps {
                    [1, 1] => out.iter_mut().zip(a).zip(b).for_each(|((out, a), b)| *out = f(*a, *b)),
                    [1, _] => out.iter_mut().zip(a).for_each(|(out, a)| *out = f(*a, b[0])),
                    [_, 1] => out.iter_mut().zip(b).for_each(|(out, b)| *out = f(a[0], *b)),
                    _ => out.fill(f(a[0], b[0])),
                }
            }
        }
    }
}
