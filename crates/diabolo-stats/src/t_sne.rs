//! t-SNE: points in the plane whose neighbours are those of the rows.
//!
//! ```text
//! p_j|i ∝ exp(−β_i ‖x_i − x_j‖²),  β_i such that the entropy of p_·|i is ln(perplexity)
//! p_ij = (p_j|i + p_i|j) / 2n      q_ij = w_ij / Z,  w_ij = 1 / (1 + ‖y_i − y_j‖²),  Z = Σ w
//! ∂KL(p ‖ q)/∂y_i = 4 Σ_j (p_ij − q_ij) w_ij (y_i − y_j)
//! ```
//! van der Maaten & Hinton (2008), eqs. 1 to 5; p_j|i is 0 beyond the 3 · perplexity nearest rows
//! (van der Maaten 2014). The sum over q is exact, over all pairs. It starts from the two leading
//! principal components, and has the same bits for any number of threads: each point sums its
//! forces in the order of the rows.

use rayon::prelude::*;

use crate::elementary::double::{exp, ln};
use crate::elementary::square;
use crate::end_if_cancelled;
use crate::error::Result;
use crate::neighbours::{Near, nearest};
use crate::projection::principal_components;

const STEPS: usize = 750;
/// In the first steps, p is this many times larger, so that groups can pass through each other.
const EXAGGERATION: f32 = 12.0;
const EXAGGERATED_STEPS: usize = 250;
/// Rows at most within which p_j|i is not 0, in perplexities.
const REACH: f64 = 3.0;
/// Pairs whose forces are computed at once; fixed, so that sums have one order.
const LANES: usize = 8;

/// Points in the plane for `rows` (`width` numbers each): their first and second coordinates.
///
/// `perplexity` is the number of neighbours that count, at most a third of the other rows. Time and
/// the number of distances grow with the square of the number of rows.
pub fn t_sne(rows: &[f32], width: usize, perplexity: f64) -> Result<[Vec<f32>; 2]> {
    let start = principal_components(rows, width)?;
    let n = start.x.len();
    let perplexity = perplexity.min((n.saturating_sub(1)) as f64 / REACH);
    if perplexity < 1.0 {
        return Ok([start.x, start.y]);
    }
    let affinities = Affinities::of(rows, width, perplexity);
    let mut points = Points::starting_from([start.x, start.y]);
    for step in 0..STEPS {
        points.step(&affinities, step < EXAGGERATED_STEPS);
    }
    Ok(points.places)
}

/// The p_ij that are not 0, by row i.
struct Affinities {
    /// Where each row begins in `pairs`.
    starts: Vec<usize>,
    pairs: Vec<(u32, f32)>,
}

impl Affinities {
    fn of(rows: &[f32], width: usize, perplexity: f64) -> Self {
        let n = rows.len() / width;
        let reach = ((REACH * perplexity) as usize).min(n - 1);
        let near = neighbours(rows, width, reach).into_par_iter();
        let near: Vec<_> = near.map(|near| conditional(near, ln(perplexity))).collect();
        let mut all: Vec<(u32, u32, f64)> = Vec::with_capacity(2 * n * reach);
        for (i, row) in (0u32..).zip(&near) {
            all.extend(row.iter().flat_map(|&(j, p)| [(i, j, p), (j, i, p)]));
        }
        all.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        let mut starts = vec![0; n + 1];
        let mut pairs = vec![];
        for same in all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let p = same.iter().map(|pair| pair.2).sum::<f64>() / (2 * n) as f64;
            pairs.push((same[0].1, p as f32));
            starts[same[0].0 as usize + 1] = pairs.len();
        }
        Affinities { starts, pairs }
    }

    fn row(&self, i: usize) -> &[(u32, f32)] {
        &self.pairs[self.starts[i]..self.starts[i + 1]]
    }
}

/// The `count` rows nearest to each row, with their squared distances, nearest first.
fn neighbours(rows: &[f32], width: usize, count: usize) -> Vec<Vec<(u32, f64)>> {
    let others = |(row, near): (usize, Vec<Near>)| {
        let others = near.into_iter().filter(|near| near.row != row).take(count);
        others.map(|near| (near.row as u32, near.squared)).collect()
    };
    // A row is among the nearest to itself, unless as many have no distance from it.
    nearest(rows, rows, width, count + 1).into_iter().enumerate().map(others).collect()
}

/// p_j|i from squared distances, with this entropy.
fn conditional(mut near: Vec<(u32, f64)>, entropy: f64) -> Vec<(u32, f64)> {
    const HALVINGS: usize = 60;
    let least = near[0].1;
    // In units of the mean distance, so that β begins near its value.
    let unit = (near.iter().map(|pair| pair.1 - least).sum::<f64>() / near.len() as f64).max(1e-300);
    let (mut low, mut high, mut beta) = (0.0, f64::INFINITY, 1.0);
    let weight = |beta: f64, squared: f64| exp(-beta * (squared - least) / unit);
    for _ in 0..HALVINGS {
        let (mut sum, mut moment) = (0.0, 0.0);
        for &(_, squared) in &near {
            let w = weight(beta, squared);
            sum += w;
            moment += w * beta * (squared - least) / unit;
        }
        match ln(sum) + moment / sum > entropy {
            true => low = beta,
            false => high = beta,
        }
        beta = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * beta };
    }
    let sum: f64 = near.iter().map(|pair| weight(beta, pair.1)).sum();
    near.iter_mut().for_each(|pair| pair.1 = weight(beta, pair.1) / sum);
    near
}

/// The points, with the state of gradient descent with momentum and a gain for each coordinate.
struct Points {
    places: [Vec<f32>; 2],
    velocity: [Vec<f32>; 2],
    gains: [Vec<f32>; 2],
}

/// What acts on one point: Σ p w (y_i − y_j), Σ w² (y_i − y_j) and Σ w.
struct Forces {
    attraction: [f32; 2],
    repulsion: [f32; 2],
    weight: f32,
}

impl Points {
    /// The components, made so small that no group is far from another at the start.
    fn starting_from(mut places: [Vec<f32>; 2]) -> Self {
        const SIZE: f32 = 1e-4;
        let n = places[0].len();
        let deviation =
            (places[0].iter().map(|&x| square(f64::from(x))).sum::<f64>() / n as f64).sqrt() as f32;
        let scale = SIZE / deviation.max(f32::MIN_POSITIVE);
        places.iter_mut().flatten().for_each(|x| *x *= scale);
        let zeros = || [vec![0.0; n], vec![0.0; n]];
        Points { places, velocity: zeros(), gains: [vec![1.0; n], vec![1.0; n]] }
    }

    /// One step of size n / 12 (Belkina et al. 2019).
    fn step(&mut self, affinities: &Affinities, exaggerated: bool) {
        const LEAST_GAIN: f32 = 0.01;
        const LEAST_RATE: f32 = 50.0;
        end_if_cancelled();
        let n = self.places[0].len();
        let forces: Vec<Forces> = (0..n).into_par_iter().map(|i| self.forces(i, affinities.row(i))).collect();
        let z: f64 = forces.iter().map(|force| f64::from(force.weight)).sum();
        let (factor, momentum) = if exaggerated { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let rate = (n as f32 / EXAGGERATION).max(LEAST_RATE);
        for axis in 0..2 {
            let (places, velocity) = (&mut self.places[axis], &mut self.velocity[axis]);
            for (i, force) in forces.iter().enumerate() {
                let slope = 4.0 * (factor * force.attraction[axis] - force.repulsion[axis] / z as f32);
                let gain = &mut self.gains[axis][i];
                *gain = if slope * velocity[i] < 0.0 { *gain + 0.2 } else { (*gain * 0.8).max(LEAST_GAIN) };
                velocity[i] = momentum * velocity[i] - rate * *gain * slope;
                places[i] += velocity[i];
            }
            let mean = (places.iter().map(|&x| f64::from(x)).sum::<f64>() / n as f64) as f32;
            places.iter_mut().for_each(|x| *x -= mean);
        }
    }

    fn forces(&self, i: usize, near: &[(u32, f32)]) -> Forces {
        let [xs, ys] = &self.places;
        let (x, y) = (xs[i], ys[i]);
        let mut attraction = [0.0; 2];
        for &(j, p) in near {
            let (dx, dy) = (x - xs[j as usize], y - ys[j as usize]);
            let pull = p / (1.0 + dx * dx + dy * dy);
            attraction[0] += pull * dx;
            attraction[1] += pull * dy;
        }
        let (mut weight, mut push) = ([0.0f32; LANES], [[0.0f32; LANES]; 2]);
        let mut add = |lane: usize, other_x: f32, other_y: f32| {
            let (dx, dy) = (x - other_x, y - other_y);
            let w = 1.0 / (1.0 + dx * dx + dy * dy);
            weight[lane] += w;
            push[0][lane] += w * w * dx;
            push[1][lane] += w * w * dy;
        };
        let (xs, ys) = (xs.chunks_exact(LANES), ys.chunks_exact(LANES));
        let rest = xs.remainder().iter().zip(ys.remainder());
        for (xs, ys) in xs.zip(ys) {
            for lane in 0..LANES {
                add(lane, xs[lane], ys[lane]);
            }
        }
        rest.enumerate().for_each(|(lane, (&other_x, &other_y))| add(lane, other_x, other_y));
        // The point itself has weight 1 and no force.
        let weight = weight.iter().sum::<f32>() - 1.0;
        Forces { attraction, repulsion: push.map(|push| push.iter().sum()), weight }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::preservation;
    use crate::random::{Purpose, normal, stream};

    const WIDTH: usize = 10;

    /// Rows of ten groups, each around the end of one axis: no plane tells all of them apart.
    fn groups(rows: usize) -> Vec<f32> {
        let mut draw = stream(1, Purpose::Train, 0, 0);
        let value = |at: usize, noise: f64| if at % WIDTH == at / WIDTH % 10 { 8.0 + noise } else { noise };
        (0..rows * WIDTH).map(|at| value(at, normal(&mut draw)) as f32).collect()
    }

    fn together(points: &[Vec<f32>; 2]) -> Vec<f32> {
        points[0].iter().zip(&points[1]).flat_map(|(&x, &y)| [x, y]).collect()
    }

    #[test]
    fn groups_stay_together_where_principal_components_mix_them() {
        let rows = groups(300);
        let plane = principal_components(&rows, WIDTH).unwrap();
        let trust = |points: &[Vec<f32>; 2]| {
            preservation(&rows, WIDTH, &together(points), 2, 10).unwrap().trustworthiness
        };
        let (found, linear) = (t_sne(&rows, WIDTH, 10.0).unwrap(), trust(&[plane.x, plane.y]));
        assert!(trust(&found) > 0.95 && linear < 0.9, "{} and {linear}", trust(&found));
        // The nearest point is one of the same group.
        let nearest = |i: usize| {
            let squared =
                |j: usize| (found[0][i] - found[0][j]).powi(2) + (found[1][i] - found[1][j]).powi(2);
            (0..300).filter(|j| *j != i).min_by(|&a, &b| squared(a).total_cmp(&squared(b))).unwrap()
        };
        assert!((0..300).filter(|&i| nearest(i) % 10 == i % 10).count() > 295);
    }

    #[test]
    fn points_do_not_depend_on_threads() {
        let rows = groups(101);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| t_sne(&rows, WIDTH, 30.0).unwrap())
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn equal_and_few_rows_have_finite_points() {
        for rows in [vec![1.0; 50 * 3], vec![0.0, 1.0, 5.0, 6.0], (0..12).map(|x| x as f32).collect()] {
            let found = t_sne(&rows, if rows.len() == 150 { 3 } else { 2 }, 30.0).unwrap();
            assert!(found.iter().flatten().all(|x| x.is_finite()), "{found:?}");
        }
    }

    #[test]
    fn affinities_have_the_perplexity() {
        let near = neighbours(&groups(200), WIDTH, 60).swap_remove(7);
        let p = conditional(near, ln(20.0));
        let entropy: f64 = p.iter().filter(|pair| pair.1 > 0.0).map(|pair| -pair.1 * ln(pair.1)).sum();
        assert!(
            (entropy - ln(20.0)).abs() < 1e-9 && (p.iter().map(|p| p.1).sum::<f64>() - 1.0).abs() < 1e-12
        );
        let all = Affinities::of(&groups(200), WIDTH, 20.0);
        let sum: f32 = all.pairs.iter().map(|pair| pair.1).sum();
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    }
}
