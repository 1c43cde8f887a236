//! `diabolo denoise RUN INPUT`: rows without noise, and with `--clean` or `--add-noise` how near they come to clean ones.

use diabolo::Error;
use diabolo::artifact::SavedModel;
use diabolo::data::{Encoded, Writer, open, prepare, read::fingerprint};
use diabolo::objective::Corruption;
use diabolo::stats::ImageQuality;
use diabolo::task::{self, Denoised, NoiseSplit, NoisyCleanRows, compare_denoising};
use serde_json::json;

use super::{load_for, no_rows, transform};
use crate::args::{DenoiseArgs, Shared, parse_corruption};
use crate::output;

/// Training rows that the principal components are learned from.
const LEARNED: usize = 10_000;
/// How often the deviation of noise that was not told is guessed anew.
const TRIALS: usize = 5;

pub fn run(args: &DenoiseArgs, shared: &Shared) -> anyhow::Result<()> {
    let asked = &args.rows;
    if args.clean.is_none() && args.add_noise.is_none() {
        return transform::reconstruct(asked, shared);
    }
    let saved = load_for(asked, shared)?;
    let device = shared.device()?;
    let read = asked.read.over(&saved.header.config)?.data.read_options();
    let rows = open(&asked.input, &read)?.collect()?;
    let encode =
        |input: &str, rows| -> diabolo::Result<Encoded> { saved.header.preprocessor.encode(input, rows, 0) };
    let given = encode(&asked.input, &rows)?;
    let pairs = match (&args.clean, &args.add_noise) {
        (Some(clean), _) => {
            let truth = encode(clean, &open(clean, &read)?.collect()?)?;
            if truth.rows != given.rows {
                let expected = format!("{} rows, one for each noisy one", given.rows);
                return Err(Error::data(clean, expected, truth.rows.to_string(), "give the same rows").into());
            }
            NoisyCleanRows { noisy: given, clean: truth }
        }
        (None, noise) => with_noise(
            &saved,
            given,
            corruption(noise.as_deref().unwrap_or_default())?,
            args,
            NoiseSplit::Measured,
        ),
    };
    if pairs.clean.rows == 0 {
        return Err(no_rows(&asked.input).into());
    }
    let training = training_pairs(args, &saved, &pairs, shared)?;
    let found = compare_denoising(&saved, &pairs, training.as_ref(), &device)?;
    if asked.out != "-" {
        let mut writer = Writer::create(&asked.out, asked.format)?;
        writer.write(&task::beside_aside(&saved, &rows, &task::project(&saved, &pairs.noisy, &device))?)?;
        writer.finish()?;
        shared.note(format!("wrote {} rows to {}", pairs.noisy.rows, asked.out));
    }
    match shared.json {
        true => output::print_json(&json!({ "examples": pairs.clean.rows, "methods": found })),
        false => output::print(&table(&found)),
    }
}

fn corruption(text: &str) -> diabolo::Result<Corruption> {
    let corruption = parse_corruption("--add-noise", text)?;
    corruption.validate()?;
    Ok(corruption)
}

fn with_noise(
    saved: &SavedModel,
    clean: Encoded,
    corruption: Corruption,
    args: &DenoiseArgs,
    of: NoiseSplit,
) -> NoisyCleanRows {
    NoisyCleanRows::with_noise(&saved.header.preprocessor, clean, corruption, (of, args.seed), 0)
}

/// Rows that the model was trained on, with noise like that of the measured ones.
fn training_pairs(
    args: &DenoiseArgs,
    saved: &SavedModel,
    measured: &NoisyCleanRows,
    shared: &Shared,
) -> anyhow::Result<Option<NoisyCleanRows>> {
    let (source, config) = (&saved.header.source, &saved.header.config);
    if !matches!(fingerprint(&source.input), Ok(found) if found.is_some() && found == source.fingerprint) {
        shared.note(format!(
            "note: {} is not what the model was fitted on any more; PCA is left out",
            source.input
        ));
        return Ok(None);
    }
    let train = prepare(&source.input, &config.data, config.training.seed)?.train;
    let chosen: Vec<usize> = (0..train.rows.min(LEARNED)).collect();
    let train = train.select(&chosen);
    let noisy = |corruption| with_noise(saved, train.clone(), corruption, args, NoiseSplit::Training);
    if let Some(text) = &args.add_noise {
        return Ok(Some(noisy(corruption(text)?)));
    }
    // What is cut off at black and white is missing from the difference, so the deviation is found by trying.
    let wanted = measured.deviation();
    let mut deviation = wanted;
    for _ in 0..TRIALS {
        let found = noisy(Corruption::Gaussian { deviation }).deviation();
        if found > 0.0 {
            deviation *= wanted / found;
        }
    }
    Ok(Some(noisy(Corruption::Gaussian { deviation })))
}

/// One line a method: PSNR and SSIM of pictures; of tables one line a column, one entry a method.
fn table(found: &[Denoised]) -> String {
    let pictures =
        |d: &Denoised, q: ImageQuality| format!("{:<28}{:>12.2}{:>10.4}\n", d.method, q.psnr, q.ssim);
    let lines: String = found.iter().filter_map(|d| Some(pictures(d, d.images?))).collect();
    if !lines.is_empty() {
        return format!("{:<28}{:>12}{:>10}\n{lines}", "mean over pictures", "PSNR, dB", "SSIM");
    }
    let head = "RMSE of numbers (standard deviations), accuracy of categories";
    let names: String = found.iter().map(|d| format!("{:>22}", d.method)).collect();
    let columns = found.first().map_or(0, |d| d.columns.len());
    let line = |k: usize| {
        let cells: String = found.iter().map(|d| format!("{:>22.4}", d.columns[k].value)).collect();
        format!("{:<20}{cells}\n", found[0].columns[k].name)
    };
    format!("{head}\n{:<20}{names}\n{}", "column", (0..columns).map(line).collect::<String>())
}
