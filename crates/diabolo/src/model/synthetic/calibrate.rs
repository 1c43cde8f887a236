//! How the corrections of drawn columns are learned.

use rayon::prelude::*;

use super::TableModel;
use super::calibration::{Calibration, PartCalibration};
use super::draw::Draft;
use crate::data::synthetic::Coded;
use crate::random::{Purpose, stream};
use crate::stats::elementary::double::{exp, inverse_normal_cdf};
use crate::tensor::Device;

/// Rows by which columns are corrected, at most, and in a chunk.
const ROWS: usize = 32_768;
const CHUNK: usize = 1024;
/// Rounds of the factors of codes.
const ROUNDS: usize = 20;
/// Nodes of the map of scores, at most, and drawn numbers of one, at least.
const NODES: usize = 256;
const DRAWS: usize = 32;
/// Probabilities that are held at once, at most.
const NUMBERS: usize = 8 << 20;
/// A factor stays within 1 / MOST and MOST.
const MOST: f64 = 20.0;

impl TableModel {
    /// Learns the corrections of the model from the source's codes.
    pub fn calibrate(&self, source: &Coded, seed: u64, device: &Device) -> Calibration {
        let parts = self.parts();
        let chunks: Vec<u64> = (0..ROWS.div_ceil(CHUNK) as u64).collect();
        let draft =
            |chunk: &u64| self.draft(CHUNK, stream(seed, Purpose::CalibrateSynthetic, 0, *chunk), device);
        let mut drafts: Vec<Draft> = chunks.iter().map(draft).collect();
        let mut calibration = Calibration::default();
        for part in 0..parts {
            let outputs: Vec<Vec<f32>> =
                drafts.par_iter().map(|draft| self.outputs(part, draft, device)).collect();
            let mut one = PartCalibration {
                factors: factors(&outputs, self.shapes[part].outputs(), &shares(self, source, part)),
                drawn: vec![],
                wanted: vec![],
            };
            let draw = |(draft, outputs): (&mut Draft, &Vec<f32>)| {
                self.draw_part(part, outputs, Some(&one), None, draft);
            };
            drafts.par_iter_mut().zip(&outputs).for_each(draw);
            if self.shapes[part].numbers {
                let number = self.shapes[part].codes as u32 - 1;
                let drawn = drafts.iter().flat_map(|draft| {
                    let cells = draft.drawn.codes[part].iter().zip(&draft.drawn.scores[part]);
                    cells.filter(|(code, _)| **code == number).map(|(_, score)| *score)
                });
                (one.drawn, one.wanted) = nodes(drawn.collect());
            }
            drafts.par_iter_mut().for_each(|draft| {
                draft.drawn.scores[part].iter_mut().for_each(|score| *score = one.corrected(*score));
                self.embed_part(part, draft, device);
            });
            calibration.parts.push(one);
        }
        calibration
    }
}

/// The shares of a part's codes in the source.
fn shares(model: &TableModel, source: &Coded, part: usize) -> Vec<f64> {
    let mut counts = vec![0.0; model.shapes[part].codes];
    let codes = source.codes.iter().skip(part).step_by(model.parts());
    codes.for_each(|code| counts[*code as usize] += 1.0);
    let total: f64 = counts.iter().sum::<f64>().max(1.0);
    counts.into_iter().map(|count| count / total).collect()
}

/// The factors with which the mean probabilities of codes are the wanted shares: each is multiplied
/// by wanted / mean, several times.
fn factors(outputs: &[Vec<f32>], width: usize, wanted: &[f64]) -> Vec<f64> {
    let codes = wanted.len();
    let odds = |output: &Vec<f32>| -> Vec<f64> {
        let of_row = |row: &[f32]| {
            let largest = row[..codes].iter().fold(f32::MIN, |most, logit| most.max(*logit));
            row[..codes].iter().map(move |logit| exp(f64::from(logit - largest))).collect::<Vec<f64>>()
        };
        output.chunks_exact(width).flat_map(of_row).collect()
    };
    let enough = (NUMBERS / (codes * CHUNK)).clamp(1, outputs.len());
    let odds: Vec<Vec<f64>> = outputs[..enough].par_iter().map(odds).collect();
    let mut factors = vec![1.0; codes];
    for _ in 0..ROUNDS {
        let sums = |odds: &Vec<f64>| {
            let mut sums = vec![0.0; codes];
            for row in odds.chunks_exact(codes) {
                let total: f64 = row.iter().zip(&factors).map(|(odds, factor)| odds * factor).sum();
                let shares = row.iter().zip(&factors).map(|(odds, factor)| odds * factor / total);
                sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
            }
            sums
        };
        let of_chunks: Vec<Vec<f64>> = odds.par_iter().map(sums).collect();
        let mut mean = vec![0.0; codes];
        of_chunks.iter().for_each(|sums| mean.iter_mut().zip(sums).for_each(|(mean, sum)| *mean += sum));
        let rows: f64 = mean.iter().sum();
        for ((factor, wanted), mean) in factors.iter_mut().zip(wanted).zip(mean) {
            *factor = (*factor * wanted / (mean / rows).max(1e-12)).clamp(1.0 / MOST, MOST);
            if *wanted == 0.0 {
                *factor = 0.0;
            }
        }
    }
    factors
}

/// Quantiles of drawn scores, and those of the standard normal distribution.
fn nodes(mut drawn: Vec<f32>) -> (Vec<f32>, Vec<f32>) {
    drawn.sort_by(f32::total_cmp);
    let n = drawn.len();
    let count = (n / DRAWS).min(NODES);
    let (mut from, mut to): (Vec<f32>, Vec<f32>) = (vec![], vec![]);
    for k in 0..count {
        let share = (k as f64 + 0.5) / count as f64;
        let x = drawn[((share * n as f64) as usize).min(n - 1)];
        if from.last().is_none_or(|last| x > *last) {
            from.push(x);
            to.push(inverse_normal_cdf(share) as f32);
        }
    }
    (from, to)
}
