//! The page of a comparison.

use diabolo_report::comparison::{
    Better, ComparedModel, ComparedPictures, Comparison, Curve, Figure, Measure, ModelPictures, judged,
};

use crate::{assert_well_formed, keep};

fn measures() -> Vec<Measure> {
    let measure = |key: &str, unit: &str, better| Measure {
        key: key.into(),
        name: key.replace('_', " "),
        unit: unit.into(),
        better,
        explanation: "What it says.".into(),
    };
    vec![
        measure("test_reconstruction", "nats per example", Better::Lower),
        measure("generalisation_gap", "nats per example", Better::Lower),
        measure("code_change", "%", Better::Lower),
        measure("contraction", "‖J‖²_F", Better::Lower),
        measure("accuracy", "%", Better::Higher),
        measure("noisy_accuracy", "%", Better::Higher),
        measure("noisy_squared_error", "squared encoded units", Better::Lower),
        measure("jacobian_norm", "‖J‖_F", Better::Lower),
        measure("effective_rank", "directions", Better::Neither),
    ]
}

fn pictures() -> ComparedPictures {
    ComparedPictures {
        shape: (2, 2, 1),
        disturbance: "noise".into(),
        originals: vec![vec![0.5; 4]; 8],
        noisy: vec![vec![0.2; 4]; 8],
        models: vec![ModelPictures {
            name: "plain".into(),
            reconstructions: vec![vec![0.1; 4]; 8],
            restored: vec![vec![0.7; 4]; 8],
        }],
        samples: vec![("variational".into(), vec![vec![0.3; 4]; 16])],
    }
}

/// Four models and a baseline on three seeds.
pub fn comparison() -> Comparison {
    let measures = measures();
    let names = ["plain", "denoising", "contractive", "variational", "raw input"];
    let models = names.iter().enumerate().map(|(i, name)| {
        let value = |m: &Measure| {
            let level = if m.unit == "%" { 0.5 + 0.1 * i as f64 } else { 9.0 - i as f64 };
            (m.key.clone(), vec![level, level + 0.013, level - 0.021])
        };
        ComparedModel {
            name: (*name).into(),
            baseline: *name == "raw input",
            facts: if i < 4 { vec![("Layers".into(), "64 → 128 → 64".into())] } else { vec![] },
            values: measures.iter().map(value).collect(),
            ..ComparedModel::default()
        }
    });
    let models: Vec<ComparedModel> = models.collect();
    let curves = models.iter().enumerate().map(|(i, m)| Curve {
        name: m.name.clone(),
        baseline: m.baseline,
        points: (0..6).map(|x| [0.1 * x as f64, (1.0 + i as f64) * (1.0 + x as f64), 0.2]).collect(),
        ..Curve::default()
    });
    let figure = Figure { title: "Curves".into(), curves: curves.collect(), ..Figure::default() };
    let mut comparison = Comparison {
        title: "Contractive beside others".into(),
        seeds: vec![0, 1, 2],
        measures,
        models,
        pictures: Some(pictures()),
        ..Comparison::default()
    };
    comparison.claims = judged(&comparison, &mut vec![("code_change", figure.clone())]);
    comparison.figures = vec![figure];
    comparison
}

#[test]
fn a_page_shows_every_part() {
    let page = comparison().to_html();
    keep("comparison.html", &page);
    assert_well_formed(&page);
    for part in ["Verdicts", "All measures", ">Models<", "Samples", "id=\"claim-6\""] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<script") && !page.contains("src=\"http"));
}

#[test]
fn absent_parts_and_odd_values_break_nothing() {
    let attack = "</svg><script>alert(1)</script>\"'&";
    let mut odd = comparison();
    odd.title = attack.into();
    odd.notes = vec![attack.into()];
    for model in &mut odd.models {
        model.facts.push((attack.into(), attack.into()));
        model.values.insert("accuracy".into(), vec![f64::NAN; 3]);
        model.values.insert("contraction".into(), vec![f64::INFINITY, 1.0]);
        model.values.remove("code_change");
    }
    odd.models[1].name = attack.into();
    odd.measures[0].name = attack.into();
    odd.claims[0].title = attack.into();
    odd.claims[0].sentence = "öffnet ohne Doppelpunkt".into();
    odd.figures[0].curves[0].points[1][1] = f64::NAN;
    odd.figures[0].curves[1].name = attack.into();
    odd.figures[0].x_label = attack.into();
    odd.pictures.as_mut().unwrap().models[0].name = attack.into();
    odd.pictures.as_mut().unwrap().models[0].reconstructions[0].pop();
    for comparison in [odd, Comparison::default()] {
        let page = comparison.to_html();
        assert_well_formed(&page);
        assert!(!page.contains("<script"));
        let body = page.split("</style>").nth(1).unwrap();
        assert!(!body.contains("NaN") && !body.contains(">inf"));
        comparison.to_text();
        serde_json::to_string(&comparison).unwrap();
    }
}

#[test]
fn the_best_is_marked_only_where_the_difference_is_real() {
    let mut comparison = comparison();
    let accuracy = comparison.measures.iter().find(|m| m.key == "accuracy").unwrap().clone();
    assert_eq!(comparison.best(&accuracy).unwrap().name, "raw input");
    comparison.models[0].values.insert("accuracy".into(), vec![0.5, 0.9, 1.3]);
    assert!(comparison.best(&accuracy).is_none(), "plain varies too much to be best");
    comparison.models.truncate(1);
    assert!(comparison.best(&accuracy).is_none(), "nothing to be better than");
    assert!(comparison.to_text().contains("accuracy, %"));
}

#[test]
fn pages_show_no_raw_keys() {
    let mut comparison = comparison();
    comparison.models[0].name = "vector_quantized".into();
    comparison.figures[0].curves[0].name = "vector_quantized".into();
    let page = comparison.to_html();
    let body = page.split("</style>").nth(1).unwrap();
    assert!(body.contains("vector-quantized"));
    let key = body
        .as_bytes()
        .windows(3)
        .find(|w| w[1] == b'_' && w[0].is_ascii_lowercase() && w[2].is_ascii_lowercase());
    assert!(key.is_none(), "{body}");
}
