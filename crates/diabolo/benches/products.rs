//! The products of training steps: `cargo bench --workspace --bench products`.
//!
//! GFLOP/s on one thread, beside those of a product that stays in the nearest caches (about the
//! most that the processor can do) and of a plain loop: where inlining collapses, the first number
//! falls towards the last.

#![allow(clippy::print_stdout, reason = "what a bench is for")]

use std::hint::black_box;
use std::time::Instant;

use diabolo::random::{Purpose, standard_normal, stream};
use diabolo::tensor::Element;

/// As in the released program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seconds for each measurement.
const SECONDS: f64 = 0.3;

/// A name; rows, inner width and columns; which of the factors are stored transposed.
type Case = (&'static str, [usize; 3], [bool; 2]);

const CASES: [Case; 8] = [
    ("VAE, first layer", [128, 784, 400], [false, true]),
    ("VAE, gradient of its weight", [400, 128, 784], [true, false]),
    ("VAE, gradient of a hidden layer", [128, 784, 400], [false, false]),
    ("VAE, mean and log variance", [128, 400, 40], [false, true]),
    ("CAE, code", [128, 784, 1000], [false, true]),
    ("CAE, gradient of the weight", [1000, 128, 784], [true, false]),
    ("contraction, block and Gram matrix", [4096, 512, 512], [false, false]),
    ("small table", [128, 32, 64], [false, true]),
];

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    pool.install(|| {
        let cached = gigaflops(&("in cache", [24, 128, 96], [false, false]));
        println!("{:<38}{:>16}{:>10}{:>12}{:>12}", "", "shape", "GFLOP/s", "of cached", "plain loop");
        for case in &CASES {
            let (name, [rows, inner, columns], _) = case;
            let (found, plain) = (gigaflops(case), plain_gigaflops(case.1));
            let shape = format!("{rows}×{inner}×{columns}");
            println!("{name:<38}{shape:>16}{found:>10.1}{:>11.0} %{plain:>12.1}", 100.0 * found / cached);
        }
    });
}

fn normal(seed: u64, count: usize) -> Vec<f32> {
    standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), count)
}

/// GFLOP/s of the fastest call.
fn best([rows, inner, columns]: [usize; 3], work: impl Fn()) -> f64 {
    let (begun, mut least) = (Instant::now(), f64::INFINITY);
    while begun.elapsed().as_secs_f64() < SECONDS {
        let start = Instant::now();
        work();
        least = least.min(start.elapsed().as_secs_f64());
    }
    2e-9 * (rows * inner * columns) as f64 / least
}

fn gigaflops(&(_, shape @ [rows, inner, columns], transposed): &Case) -> f64 {
    let (a, b) = (normal(1, rows * inner), normal(2, inner * columns));
    let stored =
        |[rows, columns]: [usize; 2], transposed| if transposed { [columns, rows] } else { [rows, columns] };
    let (left, right) = (stored([rows, inner], transposed[0]), stored([inner, columns], transposed[1]));
    best(shape, || drop(black_box(f32::product((&a, left, transposed[0]), (&b, right, transposed[1])))))
}

/// c_ij += a_ik b_kj, as the compiler makes it for any processor.
fn plain_gigaflops(shape: [usize; 3]) -> f64 {
    let [rows, inner, columns] = shape;
    let (a, b) = (normal(1, rows * inner), normal(2, inner * columns));
    best(shape, || {
        let mut out = vec![0.0f32; rows * columns];
        for (out, a) in out.chunks_exact_mut(columns).zip(a.chunks_exact(inner)) {
            for (a, b) in a.iter().zip(b.chunks_exact(columns)) {
                out.iter_mut().zip(b).for_each(|(out, b)| *out += a * b);
            }
        }
        drop(black_box(out));
    })
}
