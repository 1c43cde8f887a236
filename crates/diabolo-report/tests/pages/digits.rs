//! A variational autoencoder of digits.

use diabolo_report::{
    FactorMap, LatentMap, Metric, Pictures, PixelWeights, Placement, RatioCurve, Report, Sampler, Spectrum,
    TangentPictures, TangentRow,
};

use crate::{facts, history, metric, normals};

const GLYPHS: [[u8; 8]; 10] = [
    [0x3c, 0x66, 0x66, 0x66, 0x66, 0x66, 0x3c, 0],
    [0x18, 0x38, 0x18, 0x18, 0x18, 0x18, 0x3c, 0],
    [0x3c, 0x66, 0x06, 0x0c, 0x18, 0x30, 0x7e, 0],
    [0x3c, 0x66, 0x06, 0x1c, 0x06, 0x66, 0x3c, 0],
    [0x0c, 0x1c, 0x2c, 0x4c, 0x7e, 0x0c, 0x0c, 0],
    [0x7e, 0x60, 0x7c, 0x06, 0x06, 0x66, 0x3c, 0],
    [0x1c, 0x30, 0x60, 0x7c, 0x66, 0x66, 0x3c, 0],
    [0x7e, 0x06, 0x0c, 0x18, 0x18, 0x18, 0x18, 0],
    [0x3c, 0x66, 0x66, 0x3c, 0x66, 0x66, 0x3c, 0],
    [0x3c, 0x66, 0x66, 0x3e, 0x06, 0x0c, 0x38, 0],
];

/// A digit with noise, then blurred by `blur`.
fn digit(which: usize, step: u64, noise: f32, blur: f32) -> Vec<f32> {
    let sharp = |x: i32, y: i32| -> f32 {
        let inside = (0..8).contains(&x) && (0..8).contains(&y);
        if inside && GLYPHS[which][y as usize] >> (7 - x) & 1 == 1 { 1.0 } else { 0.0 }
    };
    let noises = normals(step, 64);
    (0..64)
        .map(|i| {
            let (x, y) = (i % 8, i / 8);
            let around = sharp(x - 1, y) + sharp(x + 1, y) + sharp(x, y - 1) + sharp(x, y + 1);
            (1.0 - blur) * sharp(x, y) + blur * around / 4.0 + noise * noises[i as usize].abs()
        })
        .collect()
}

fn pictures() -> Option<Pictures> {
    Some(Pictures {
        height: 8,
        width: 8,
        channels: 1,
        originals: (0..32).map(|i| digit(i * 7 % 10, i as u64, 0.12, 0.1)).collect(),
        reconstructions: (0..32).map(|i| digit(i * 7 % 10, 500 + i as u64, 0.02, 0.35)).collect(),
        samples: (0..64).map(|i| digit(i * 3 % 10, 900 + i as u64, 0.04, 0.4)).collect(),
        sampler: Sampler::Prior,
        narrow: true,
    })
}

fn latent_map() -> Option<LatentMap> {
    let n = 1797;
    let (dx, dy) = (normals(1, n), normals(2, n));
    let device = |i: usize| {
        let angle = (i % 10) as f32 * 0.628;
        let reach = if i.is_multiple_of(2) { 2.4 } else { 1.1 };
        (reach * angle.cos() + 0.33 * dx[i], reach * angle.sin() + 0.33 * dy[i])
    };
    Some(LatentMap {
        placement: Placement::PrincipalComponents,
        x: (0..n).map(|i| device(i).0).collect(),
        y: (0..n).map(|i| device(i).1).collect(),
        labels: Some((0..n).map(|i| (i % 10).to_string()).collect()),
        x_label: "PCA 1 (31 % of variance)".into(),
        y_label: "PCA 2 (22 % of variance)".into(),
    })
}

fn spectrum() -> Option<Spectrum> {
    Some(Spectrum {
        mean: (0..8).map(|i| 1.9 * (-0.45 * i as f64).exp()).collect(),
        low: (0..8).map(|i| 1.3 * (-0.5 * i as f64).exp()).collect(),
        high: (0..8).map(|i| 2.6 * (-0.4 * i as f64).exp()).collect(),
        effective_rank: 5.1,
        caption: "Bars: mean over 500 test rows. Whiskers: from the 10 % to the 90 % quantile.".into(),
    })
}

fn tangents() -> Option<TangentPictures> {
    Some(TangentPictures {
        height: 8,
        width: 8,
        channels: 1,
        caution: String::new(),
        rows: (0..4)
            .map(|i| TangentRow {
                picture: digit(i, i as u64, 0.1, 0.1),
                directions: (0..6).map(|k| normals(40 + k, 64)).collect(),
                singular_values: (0..6).map(|k| 2.0 / (k + 1) as f64).collect(),
            })
            .collect(),
    })
}

fn ratios() -> Option<RatioCurve> {
    Some(RatioCurve {
        radius: (0..12).map(|i| 0.04 * 1.7f64.powi(i)).collect(),
        mean: (0..12).map(|i| 0.3 + 0.4 * (-((i - 8) as f64 / 3.0).powi(2)).exp()).collect(),
        error: vec![0.02; 12],
        typical_distance: 3.4,
        facts: facts(&[("Distance of two rows (median)", "3.4")]),
        caption: "Mean over 180 test rows.".into(),
    })
}

fn factor_map() -> Option<FactorMap> {
    Some(FactorMap {
        factors: ["shape", "scale", "rotation", "x", "y"].map(String::from).into(),
        shares: (0..24)
            .map(|j| (0..5).map(|k| if j == 4 * k { 0.9 } else { 0.02 * (j % 7) as f64 }).collect())
            .collect(),
        gaps: vec![0.9, 0.86, 0.82, 0.78, 0.8],
        mutual_information_gap: 0.832,
        examples: 614,
    })
}

fn metrics() -> Vec<Metric> {
    vec![
        Metric::of("negative_elbo", 22.0834),
        Metric::of("bits_per_dimension", 0.4804),
        Metric::of("active_units", 8.0),
        metric("linear-probe accuracy", 0.9444, "", "Of a linear classifier on the codes."),
    ]
}

/// The report of the run.
pub fn digits() -> Report {
    Report {
        title: "Variational autoencoder · digits".into(),
        subtitle: "1,797 handwritten digits of 8 × 8 pixels, fitted in 6.2 s on a laptop's CPU.".into(),
        facts: facts(&[
            ("Model", "variational autoencoder"),
            ("Data", "digits (built in)"),
            ("Rows: training / validation / test", "1,437 / 180 / 180"),
            ("Architecture", "64 → 128 → 64 → 8 → 64 → 128 → 64"),
            ("Likelihood", "Bernoulli"),
            ("Parameters", "34,128"),
            ("Epochs", "60 (best: 41)"),
            ("Time", "6.2 s"),
            ("Seed", "7"),
            ("Version", "diabolo 0.1.0"),
        ]),
        history: history(60),
        metrics: metrics(),
        pictures: pictures(),
        latent_map: latent_map(),
        spectrum: spectrum(),
        tangents: tangents(),
        ratios: ratios(),
        factor_map: factor_map(),
        pixel_weights: Some(PixelWeights {
            height: 8,
            width: 8,
            values: (0..64).map(|i| (i % 8 * (7 - i % 8)) as f64 / 40.0).collect(),
        }),
        ..Report::default()
    }
}
