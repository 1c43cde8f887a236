//! The points within a polygon, by the even-odd rule.

/// Rows of the polygon's box: a point is compared with the edges of its row only.
const BANDS: usize = 512;

/// A polygon whose edges are found by height.
pub(super) struct Lasso {
    low: [f64; 2],
    high: [f64; 2],
    /// The ends of the edges that reach into each band, from low to high.
    bands: Vec<Vec<[[f64; 2]; 2]>>,
}

impl Lasso {
    pub fn new(polygon: &[[f32; 2]]) -> Self {
        let polygon: Vec<[f64; 2]> = polygon.iter().map(|point| point.map(f64::from)).collect();
        let bound = |start: f64, of: fn(f64, f64) -> f64| {
            [0, 1].map(|axis| polygon.iter().map(|point| point[axis]).fold(start, of))
        };
        let (low, high) = (bound(f64::INFINITY, f64::min), bound(f64::NEG_INFINITY, f64::max));
        let mut lasso = Lasso { low, high, bands: vec![vec![]; BANDS] };
        for (i, &to) in polygon.iter().enumerate() {
            let from = polygon[i.checked_sub(1).unwrap_or(polygon.len() - 1)];
            let [first, last] = [from[1].min(to[1]), from[1].max(to[1])].map(|y| lasso.band(y));
            lasso.bands[first..=last].iter_mut().for_each(|band| band.push([from, to]));
        }
        lasso
    }

    /// Whether a point lies within. The page computes the same numbers in the same order: its count
    /// is this one.
    pub fn contains(&self, point: [f32; 2]) -> bool {
        let [x, y] = point.map(f64::from);
        if !(x >= self.low[0] && x <= self.high[0] && y >= self.low[1] && y <= self.high[1]) {
            return false;
        }
        let crosses = |[[ax, ay], [bx, by]]: &[[f64; 2]; 2]| {
            (*ay > y) != (*by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
        };
        self.bands[self.band(y)].iter().filter(|edge| crosses(edge)).count() % 2 == 1
    }

    fn band(&self, y: f64) -> usize {
        let share = (y - self.low[1]) / (self.high[1] - self.low[1]);
        // Of a flat polygon, the share is NaN, and the band 0.
        ((share * BANDS as f64) as usize).min(BANDS - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_within_a_polygon() {
        // An L.
        let polygon = [[0.0, 0.0], [4.0, 0.0], [4.0, 1.0], [1.0, 1.0], [1.0, 4.0], [0.0, 4.0]];
        let lasso = Lasso::new(&polygon);
        let inside = [[0.5, 0.5], [3.0, 0.5], [0.5, 3.0]];
        assert!(inside.iter().all(|&point| lasso.contains(point)));
        let outside = [[2.0, 2.0], [-1.0, 0.5], [5.0, 0.5], [f32::NAN, 0.5]];
        assert!(!outside.iter().any(|&point| lasso.contains(point)));
        assert!(!Lasso::new(&[]).contains([0.0, 0.0]));
        assert!(!Lasso::new(&[[0.0, 1.0], [2.0, 1.0]]).contains([1.0, 1.0]));
    }

    #[test]
    fn edges_of_other_bands_change_nothing() {
        // A star with 401 edges, each across the whole height, against all its edges.
        let corner = |k: i32| {
            let angle = f64::from(k) * 200.0 / 401.0 * std::f64::consts::TAU;
            [angle.cos() as f32, angle.sin() as f32]
        };
        let star: Vec<[f32; 2]> = (0..401).map(corner).collect();
        let lasso = Lasso::new(&star);
        let place = |k: i32| [(k % 211) as f32 / 100.0 - 1.05, (k % 223) as f32 / 100.0 - 1.11];
        let both = |point: [f32; 2]| {
            let [x, y] = point.map(f64::from);
            let edges = star.iter().zip(star.iter().cycle().skip(1));
            let crossed = edges.filter(|(a, b)| {
                let ([ax, ay], [bx, by]) = (a.map(f64::from), b.map(f64::from));
                (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
            });
            (crossed.count() % 2 == 1, lasso.contains(point))
        };
        let found: Vec<(bool, bool)> = (0..5000).map(|k| both(place(k))).collect();
        assert!(found.iter().all(|(slow, fast)| slow == fast));
        assert!(found.iter().any(|(slow, _)| *slow) && found.iter().any(|(slow, _)| !*slow));
    }
}
