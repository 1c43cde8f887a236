//! Everything that can be wrong with numbers and names.

use diabolo_report::Report;

use crate::digits::digits;
use crate::table::table;
use crate::{facts, metric};

const ATTACK: &str = "\"><img src=x onerror=alert(1)></svg><script>alert(1)</script>&\u{0}\u{202e}";

/// Everything that can be wrong with numbers and names.
pub fn hostile() -> Report {
    let mut report = digits();
    report.title = ATTACK.into();
    report.subtitle = ATTACK.into();
    report.facts = facts(&[(ATTACK, ATTACK)]);
    report.warnings = vec![ATTACK.into()];
    report.metrics = vec![metric(ATTACK, f64::NAN, ATTACK, ATTACK), metric("∞", f64::INFINITY, "", "")];
    report.columns = table().columns;
    report.columns[0].name = ATTACK.into();
    report.columns[1].unit = ATTACK.into();
    report.columns[2].baseline = report.columns[2].perfect;
    report.columns[3].value = f64::NEG_INFINITY;
    report.history[3].train.insert(ATTACK.into(), 1.0);
    report.history[4].train.insert("reconstruction".into(), f64::NAN);
    report.history[5].validation.insert("objective".into(), f64::INFINITY);
    report.history[6].learning_rate = f64::NAN;
    if let Some(map) = &mut report.latent_map {
        map.x[0] = f32::NAN;
        map.y[1] = f32::INFINITY;
        map.x_label = ATTACK.into();
        map.labels.as_mut().unwrap()[2] = ATTACK.into();
    }
    if let Some(pictures) = &mut report.pictures {
        pictures.originals[0][0] = f32::NAN;
        pictures.originals[1].pop();
    }
    if let Some(spectrum) = &mut report.spectrum {
        spectrum.mean[7] = f64::NAN;
        spectrum.low[0] = f64::NAN;
        spectrum.caption = ATTACK.into();
        spectrum.effective_rank = f64::NAN;
    }
    break_sensitivity(&mut report);
    break_rows(&mut report);
    report.column_weights = table().column_weights;
    report.column_weights[0].name = ATTACK.into();
    report.column_weights[1].share = f64::NAN;
    report.column_weights[2].value = f64::INFINITY;
    report
}

fn break_rows(report: &mut Report) {
    let table = table();
    (report.data, report.confusions, report.extremes) = (table.data, table.confusions, table.extremes);
    if let Some(data) = &mut report.data {
        data.caption = ATTACK.into();
        data.columns[0].name = ATTACK.into();
        data.columns[0].ends = [ATTACK.into(), ATTACK.into()];
        data.columns[0].bars[0] = f64::NAN;
        data.columns[1].missing = f64::NAN;
        data.columns[1].levels[0] = (ATTACK.into(), f64::NAN);
    }
    report.confusions.columns[0].levels[0] = ATTACK.into();
    report.confusions.columns[0].counts[0] = vec![0; 4];
    if let Some(extremes) = &mut report.extremes {
        extremes.worst[0].row = ATTACK.into();
        extremes.worst[0].error = f64::INFINITY;
        extremes.worst[0].reasons[0].seen = ATTACK.into();
    }
}

fn break_sensitivity(report: &mut Report) {
    if let Some(tangents) = &mut report.tangents {
        tangents.rows[0].picture.pop();
        tangents.rows[0].directions[0][3] = f32::NAN;
        tangents.rows[0].directions[1] = vec![f32::INFINITY; 64];
        tangents.rows[0].directions[2] = vec![];
        tangents.rows[0].singular_values[0] = f64::NAN;
    }
    if let Some(ratios) = &mut report.ratios {
        ratios.radius[0] = 0.0;
        ratios.radius[1] = f64::NAN;
        ratios.mean[4] = f64::INFINITY;
        ratios.error[5] = f64::NAN;
        ratios.typical_distance = f64::NAN;
        ratios.facts = facts(&[(ATTACK, ATTACK)]);
        ratios.caption = ATTACK.into();
    }
    if let Some(pixels) = &mut report.pixel_weights {
        pixels.values[0] = f64::NAN;
        pixels.values[1] = f64::INFINITY;
    }
}
