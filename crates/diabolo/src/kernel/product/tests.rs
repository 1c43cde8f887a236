use super::*;
use crate::kernel::{in_place, transposed};
use crate::random::{Purpose, RngExt, stream};

/// Numbers of nine decades, a third of them zero.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut random = stream(seed, Purpose::Train, 0, 0);
    let number = |_| match random.random_range(0..3) {
        0 => 0.0,
        _ => (random.random::<f32>() - 0.5) * 10f32.powi(random.random_range(-4..5)),
    };
    (0..count).map(number).collect()
}

fn chain(a: Matrix, b: Matrix) -> Vec<u32> {
    let at = |m: Matrix, row: usize, column: usize| match m.is_transposed {
        true => m.values[column * m.rows + row],
        false => m.values[row * m.columns + column],
    };
    let cells = (0..a.rows).flat_map(|i| (0..b.columns).map(move |j| (i, j)));
    let sum = |(i, j)| (0..a.columns).fold(0.0f32, |sum, k| at(a, i, k).mul_add(at(b, k, j), sum));
    cells.map(|cell| sum(cell).to_bits()).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The product as compiled for each instruction set of this processor.
fn by_instruction_set(left: Matrix, right: &[f32], columns: usize) -> Vec<Vec<f32>> {
    let mut all = both(pulp::Scalar::new(), left, right, columns);
    #[cfg(target_arch = "x86_64")]
    {
        let sets = (pulp::x86::V3::try_new(), pulp::x86::V4::try_new());
        all.extend(sets.0.into_iter().flat_map(|set| both(set, left, right, columns)));
        all.extend(sets.1.into_iter().flat_map(|set| both(set, left, right, columns)));
    }
    all
}

/// With and without zeros.
fn both(set: impl Simd, left: Matrix, right: &[f32], columns: usize) -> Vec<Vec<f32>> {
    let mut all = vec![vec![0.0; left.rows * columns]; 2];
    let [whole, skipping] = &mut all[..] else { unreachable!() };
    set.vectorize(Product { left, first_row: 0, right, columns, out: whole, wanted: Wanted::All });
    let out = skipping;
    set.vectorize(SkippingProduct { left, first_row: 0, right, columns, out, continues: false });
    all
}

#[test]
fn every_shape_and_instruction_set_gives_the_bits_of_the_chain() {
    let shapes = (0..60).map(|seed| [1 + seed * 7 % 23, 1 + seed * 31 % 71, 1 + seed * 13 % 53]);
    // Blocks of k, whole tiles, and one row or column.
    let shapes = shapes.chain([[7, 40, 600], [48, 96, 300], [1, 1, 700], [17, 1, 1], [1, 130, 2]]);
    for (seed, [rows, columns, inner]) in shapes.enumerate() {
        let (a, b) = (numbers(rows * inner, seed as u64), numbers(inner * columns, !seed as u64));
        let straight = (Matrix::new(&a, [rows, inner]), Matrix::new(&b, [inner, columns]));
        let a_transposed = Matrix::new(&a, [inner, rows]).transposed();
        let b_transposed = Matrix::new(&b, [columns, inner]).transposed();
        for (left, right) in
            [straight, (a_transposed, straight.1), (straight.0, b_transposed), (a_transposed, b_transposed)]
        {
            let expected = chain(left, right);
            assert_eq!(bits(&left.times(right)), expected, "{rows} × {inner} × {columns}");
            for product in right.with_rows(|right| by_instruction_set(left, right, columns)) {
                assert_eq!(bits(&product), expected, "{rows} × {inner} × {columns}");
            }
        }
    }
}

#[test]
fn a_product_onto_a_sum_continues_its_chains() {
    for ([rows, columns, inner], zeros) in [([13, 70, 300], false), ([5, 70, 90], true)] {
        let mut a = numbers(rows * inner, 1);
        if zeros {
            a.iter_mut().enumerate().filter(|(k, _)| k % 10 != 0).for_each(|(_, a)| *a = 0.0);
        }
        let (b, sum) = (numbers(inner * columns, 2), numbers(rows * columns, 3));
        let (left, right) = (Matrix::new(&a, [rows, inner]), Matrix::new(&b, [inner, columns]));
        let found = left.times_onto(right, Some(sum.clone()));
        for (at, found) in found.into_iter().enumerate() {
            let (i, j) = (at / columns, at % columns);
            let chain = |sum: f32, k: usize| a[i * inner + k].mul_add(b[k * columns + j], sum);
            assert_eq!(found, (0..inner).fold(sum[at], chain), "{i}, {j}");
        }
    }
}

#[test]
fn a_symmetric_product_is_the_product() {
    for [rows, inner] in [[1, 3], [37, 20], [200, 190]] {
        let a = numbers(rows * inner, 1);
        let a = Matrix::new(&a, [rows, inner]);
        assert_eq!(bits(&a.times_symmetric(a.transposed())), chain(a, a.transposed()));
    }
}

#[test]
fn threads_change_no_bit() {
    let [rows, columns, inner] = [203, 211, 197];
    let (a, b) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
    let (a, b) = (Matrix::new(&a, [rows, inner]), Matrix::new(&b, [inner, columns]));
    assert!(uses_threads(rows * columns * inner));
    let alone = in_place(|| a.times(b));
    assert_eq!(bits(&a.times(b)), bits(&alone));
}

#[test]
fn zeros_are_skipped_unless_they_meet_infinity() {
    let [rows, columns, inner] = [5, 70, 90];
    let mut a = numbers(rows * inner, 1);
    a.iter_mut().enumerate().filter(|(k, _)| k % 10 != 0).for_each(|(_, a)| *a = 0.0);
    let mut b = numbers(inner * columns, 2);
    for worst in [1.0, f32::INFINITY, f32::NAN] {
        b[0] = worst;
        let (left, right) = (Matrix::new(&a, [rows, inner]), Matrix::new(&b, [inner, columns]));
        assert!(skip_zeros::is_faster(&a, columns) && skip_zeros::is_right(&b) == (worst == 1.0));
        let [found, expected] = [bits(&left.times(right)), chain(left, right)];
        let is_nan = |bits: &u32| f32::from_bits(*bits).is_nan();
        assert!(found.iter().zip(&expected).all(|(f, e)| f == e || is_nan(f) && is_nan(e)), "{worst}");
        // The transposed product has the zeros on the right.
        let found = right.transposed().times(left.transposed());
        let expected = transposed(&left.times(right), [rows, columns]);
        assert!(found.iter().zip(&expected).all(|(t, e)| t == e || t.is_nan() && e.is_nan()));
    }
}

#[test]
fn nothing_times_nothing() {
    assert!(Matrix::new(&[], [0, 3]).times(Matrix::new(&[0.0; 6], [3, 2])).is_empty());
    assert_eq!(Matrix::new(&[], [2, 0]).times(Matrix::new(&[], [0, 2])), [0.0; 4]);
}
