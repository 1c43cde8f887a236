//! `diabolo denoise RUN INPUT`: denoised rows, and with `--clean` or `--add-noise` their errors.

use diabolo::data::{Writer, open};
use diabolo::pipeline::{DenoisingTask, Noise};
use diabolo::stats::ImageQuality;
use diabolo::task::Denoised;
use serde_json::json;

use super::{finish, load_for, note_unknown, transform};
use crate::args::{DenoiseArgs, Shared, renamed};
use crate::output;

/// Said of rows that most of the fit was.
const FITTED_ON: &str = "note: the model was fitted on most of these rows: it denoises new ones less well";

pub fn run(args: &DenoiseArgs, shared: &Shared) -> anyhow::Result<()> {
    let asked = &args.rows;
    let predictor = load_for(asked, shared)?;
    let read = asked.read_options(&predictor, shared)?;
    let noise = match (&args.clean, &args.add_noise) {
        (Some(input), _) => Noise::Clean { input: input.clone(), rows: open(input, &read)?.collect()? },
        (None, Some(text)) => {
            let corruption = text.parse().map_err(|error| renamed(error, "--add-noise"))?;
            Noise::Added(corruption, args.seed)
        }
        (None, None) => return transform::reconstruct(asked, shared),
    };
    let rows = asked.typed(&predictor, open(&asked.input, &read)?, shared)?.collect()?;
    note_unknown(&predictor.unknown_cells(&rows)?, shared);
    let task = DenoisingTask::new(&predictor, &rows, &noise)?;
    task.notes.iter().for_each(|note| shared.note(format!("note: {note}")));
    if predictor.saved().header.source.is(&asked.input)? {
        shared.note(FITTED_ON);
    }
    let found = task.measure(&predictor)?;
    if asked.out != "-" {
        let mut writer = Writer::create(&asked.out, asked.format)?;
        writer.write(&task.denoised(&predictor, &rows)?)?;
        finish(writer, shared)?;
        shared.note(format!("wrote {} rows to {}", task.rows(), asked.out));
    }
    let file = (asked.out != "-").then_some(&asked.out);
    match shared.json {
        true => output::print_json(&json!({ "examples": task.rows(), "file": file, "methods": found })),
        false => output::print(&table(&found)),
    }
}

/// For images, PSNR and SSIM with one line per method; for tables, one line per column and one
/// entry per method.
fn table(found: &[Denoised]) -> String {
    let pictures =
        |d: &Denoised, q: ImageQuality| format!("{:<28}{:>12.2}{:>10.4}\n", d.method, q.psnr, q.ssim);
    let lines: String = found.iter().filter_map(|d| Some(pictures(d, d.images?))).collect();
    if !lines.is_empty() {
        return format!("{:<28}{:>12}{:>10}\n{lines}", "mean over images", "PSNR, dB", "SSIM");
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
