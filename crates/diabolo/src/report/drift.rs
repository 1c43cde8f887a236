//! What has drifted, as the page of `score` shows it.

use diabolo_report::{Drift, DriftedVariable};

use crate::task::{self, DriftReport};

/// The report's variables with their sentences; latent units beyond the first few are only counted.
pub fn drift(found: &DriftReport) -> Drift {
    let (listed, left_out) = found.summarized();
    let variable = |variable: &task::DriftedVariable| DriftedVariable {
        name: variable.name.clone(),
        kind: variable.kind.into(),
        psi: variable.psi,
        p_corrected: variable.p_corrected,
        change: variable.words.clone(),
        ends: variable.ends.clone(),
        shares: variable.shares.clone(),
    };
    Drift {
        summary: found.summary(),
        warning: found.warning(),
        variables: listed.into_iter().map(variable).collect(),
        left_out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_latent_units_are_listed() {
        let moved = |name: String, kind: &'static str| task::DriftedVariable {
            name,
            kind,
            psi: 0.5,
            p_value: 0.0,
            p_corrected: 0.0,
            words: "higher".into(),
            ends: Default::default(),
            shares: vec![],
        };
        let mut all: Vec<task::DriftedVariable> =
            (1..=9).map(|k| moved(format!("latent_{k}"), "latent")).collect();
        all.push(moved("age".into(), "numeric"));
        let found = drift(&DriftReport { rows: 500, reference_rows: 400, tests: 20, moved: all });
        let names: Vec<&str> = found.variables.iter().map(|v| v.name.as_str()).collect();
        assert_eq!((names, found.left_out), (vec!["latent_1", "latent_2", "latent_3", "age"], 6));
    }
}
