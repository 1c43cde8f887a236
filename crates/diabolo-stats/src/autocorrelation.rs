//! Autocorrelation of a series with missing values, and the season that it shows.

/// Σ_t d_t d_{t+k} / Σ_t d_t² at lags 0 to `lags`, over pairs of observed values, with d the
/// deviation from the mean; NaN is a missing value. 0 for a constant series.
pub fn autocorrelation(series: &[f64], lags: usize) -> Vec<f64> {
    let observed = series.iter().filter(|x| !x.is_nan());
    let (count, sum) = observed.fold((0.0, 0.0), |(count, sum), x| (count + 1.0, sum + x));
    let mean = if count > 0.0 { sum / count } else { 0.0 };
    let deviations: Vec<f64> = series.iter().map(|x| if x.is_nan() { f64::NAN } else { x - mean }).collect();
    let lagged = |lag: usize| {
        let pairs = deviations.iter().zip(deviations.iter().skip(lag));
        let products = pairs.map(|(a, b)| a * b).filter(|product| !product.is_nan());
        let (count, sum) = products.fold((0.0, 0.0), |(count, sum), product| (count + 1.0, sum + product));
        if count > 0.0 { sum / count } else { 0.0 }
    };
    let variance = lagged(0);
    (0..=lags).map(|lag| if variance > 0.0 { lagged(lag) / variance } else { 0.0 }).collect()
}

/// The mean of (x_t − x_{t−lag})² over pairs of observed values; NaN without any.
fn squared_change(series: &[f64], lag: usize) -> f64 {
    let changes = series.iter().zip(series.iter().skip(lag)).map(|(a, b)| (a - b) * (a - b));
    let observed = changes.filter(|change| !change.is_nan());
    let (count, sum) = observed.fold((0.0, 0.0), |(count, sum), change| (count + 1.0, sum + change));
    sum / count
}

/// The lag of `candidates` after which values are most alike: clearly more than half a lag before
/// and after it, and than values at random.
fn calendar_season(series: &[f64], candidates: &[usize]) -> Option<usize> {
    /// The change must be below these shares of that at other lags, and of that at random.
    const ALIKE: f64 = 0.85;
    const AT_RANDOM: f64 = 0.6;
    let observed = || series.iter().filter(|x| !x.is_nan());
    let count = observed().count() as f64;
    let mean = observed().sum::<f64>() / count;
    let variance = observed().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    let change = |lag: usize| squared_change(series, lag);
    let alike = |lag: &usize| {
        let (own, before, after) = (change(*lag), change(lag / 2), change(lag + lag.div_ceil(2)));
        own < ALIKE * before.min(after) && own < AT_RANDOM * 2.0 * variance
    };
    let fitting = candidates.iter().copied().filter(|lag| *lag >= 2 && 2 * lag <= series.len());
    let alike: Vec<(usize, f64)> = fitting.filter(alike).map(|lag| (lag, change(lag))).collect();
    let least = alike.iter().map(|(_, change)| *change).fold(f64::INFINITY, f64::min);
    // A multiple of a season is as good but for noise: the relative error of a mean of squares.
    let within = least * (1.0 + 2.0 * (2.0 / count).sqrt());
    alike.into_iter().filter(|(_, change)| *change <= within).map(|(lag, _)| lag).min()
}

/// The season of a series: the one of `candidates` after which values are most alike; else the lag
/// with the highest peak of the autocorrelation of its changes, among lags from 2 to a third of its
/// length and `most`, where a candidate wins unless another is clearly higher. `None` if no peak is
/// significant.
///
/// Changes have no trend, whose autocorrelation would hide a season.
pub fn season(series: &[f64], candidates: &[usize], most: usize) -> Option<usize> {
    /// A peak is significant above so many standard errors of white noise, and this value.
    const ERRORS: f64 = 4.0;
    const LEAST: f64 = 0.2;
    /// A longer season must have a peak so much higher: multiples of a season are as good.
    const LONGER: f64 = 0.1;
    /// A peak that is not a candidate must be so much higher.
    const CLEARLY: f64 = 0.15;
    if let Some(found) = calendar_season(series, candidates) {
        return Some(found);
    }
    let changes: Vec<f64> = series.windows(2).map(|two| two[1] - two[0]).collect();
    let known = changes.iter().filter(|x| !x.is_nan()).count();
    let lags = (series.len() / 3).min(most);
    if lags < 2 {
        return None;
    }
    let found = autocorrelation(&changes, lags + 1);
    let least = LEAST.max(ERRORS / (known.max(1) as f64).sqrt());
    let is_peak = |lag: usize| {
        let (before, after) = (found[lag - 1], found.get(lag + 1).copied().unwrap_or(-1.0));
        found[lag] >= least && found[lag] >= before && found[lag] >= after
    };
    let highest = |lags: &mut dyn Iterator<Item = usize>| {
        lags.filter(|lag| (2..=most.min(found.len() - 2)).contains(lag) && is_peak(*lag))
            .reduce(|best, lag| if found[lag] > found[best] + LONGER { lag } else { best })
    };
    let suggested = highest(&mut candidates.iter().copied().rev());
    let any = highest(&mut (2..=lags));
    match (suggested, any) {
        (Some(suggested), Some(any)) if found[any] > found[suggested] + CLEARLY => Some(any),
        (None, any) => any,
        (suggested, _) => suggested,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, RngExt, stream};

    #[test]
    fn autocorrelation_by_hand() {
        let found = autocorrelation(&[1.0, -1.0, 1.0, -1.0], 2);
        assert_eq!(found, [1.0, -1.0, 1.0]);
        assert_eq!(autocorrelation(&[2.0, 2.0, 2.0], 1), [0.0, 0.0]);
        assert_eq!(autocorrelation(&[1.0, f64::NAN, 1.0, f64::NAN, -2.0], 1), [1.0, 0.0]);
    }

    #[test]
    fn a_season_is_found_under_a_trend_and_with_gaps() {
        let wave = |t: usize, season: usize| ((t % season) as f64 - 3.0) * ((t % season) as f64 - 8.0);
        let mut series: Vec<f64> = (0..144).map(|t| 2.0 * t as f64 + wave(t, 12)).collect();
        series[30] = f64::NAN;
        assert_eq!(season(&series, &[], 1000), Some(12));
        assert_eq!(season(&series, &[12], 1000), Some(12));
        assert_eq!(season(&series, &[7], 1000), Some(12), "a candidate is no more than that");
        let line: Vec<f64> = (0..100).map(|t| t as f64).collect();
        assert_eq!(season(&line, &[], 1000), None);
        let draws = &mut stream(1, Purpose::Corrupt, 0, 0);
        let noise: Vec<f64> = (0..400).map(|_| draws.random::<f64>()).collect();
        assert_eq!(season(&noise, &[], 100), None);
        assert_eq!(season(&[1.0, 2.0], &[], 100), None);
        // A day's wave with noise: after a week, values are as much alike.
        for seed in 0..8 {
            let draws = &mut stream(seed, Purpose::Corrupt, 0, 1);
            let day = |t: usize| (t as f64 * std::f64::consts::TAU / 24.0).sin();
            let noisy: Vec<f64> = (0..1500).map(|t| day(t) + 0.5 * draws.random::<f64>()).collect();
            assert_eq!(season(&noisy, &[168, 24], 1000), Some(24));
        }
        // Days that drift: the changes of an hour say little of them.
        let slow = |t: usize| (t as f64 * 0.02).sin() + (t as f64 * std::f64::consts::TAU / 24.0).sin();
        let drift: Vec<f64> = (0..600).map(|t| slow(t) + 0.3 * (t as f64 * 1.7).sin()).collect();
        assert_eq!(season(&drift, &[168, 24], 1000), Some(24));
    }
}
