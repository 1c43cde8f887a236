//! The page of a comparison: verdicts first, then each claim with its figures, then everything
//! measured.

use super::measured::{Check, Claim, ComparedModel, ComparedPictures, Comparison, Figure, Measure};
use super::named_curves::{class, plot};
use super::stacks;
use super::verdict::{Better, LEVEL, Verdict};
use crate::document::{document, facts, section, warnings};
use crate::number::number;
use crate::picture::tile_png;
use crate::svg::escape;
use diabolo_stats::student_t_quantile;

impl Comparison {
    /// The comparison as one HTML page.
    pub fn to_html(&self) -> String {
        page(self)
    }
}

fn page(comparison: &Comparison) -> String {
    let mut out = warnings(&comparison.notes);
    out += &section("Verdicts", VERDICTS_HELP, &overview(comparison));
    for (at, claim) in comparison.claims.iter().enumerate() {
        out += &detail(comparison, at + 1, claim);
    }
    out += &section("Objective", "", &objective(comparison));
    let heading = if comparison.varied.is_empty() { "" } else { "Measures by setting" };
    out += &section(heading, "", &figures(&comparison.figures));
    out += &pictures(comparison.pictures.as_ref());
    out += &section("All measures", &measures_help(comparison), &measures(comparison));
    out += &section("Models", "", &models(comparison));
    document(&comparison.title, &comparison.subtitle, &out)
}

const VERDICTS_HELP: &str = "Each claim is judged by the differences between models, split by split: a difference counts \
    when its 95 % confidence interval (Student's t over the splits, one for each seed) does not include 0.";

/// What few seeds can decide.
fn caution(seeds: usize) -> String {
    match seeds {
        0 | 1 => {
            "With one seed there is no standard error, and nothing is decided: use --seeds 3 or more.".into()
        }
        2..=4 => {
            let t = student_t_quantile(0.5 + LEVEL / 2.0, seeds - 1);
            format!(
                "With {seeds} seeds a difference counts from {t:.1} standard errors on; more seeds decide more."
            )
        }
        _ => String::new(),
    }
}

/// The key of a model as a name.
fn label(key: &str) -> String {
    escape(&key.replace('_', "-"))
}

fn badge(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "<span class=\"badge holds\">✓ holds</span>",
        Verdict::DoesNotHold => "<span class=\"badge against\">✗ does not hold here</span>",
        Verdict::NotDecided => "<span class=\"badge open\">≈ not decided</span>",
        Verdict::CannotShow => "<span class=\"badge open\">– cannot show here</span>",
    }
}

fn overview(comparison: &Comparison) -> String {
    if comparison.claims.is_empty() {
        return String::new();
    }
    let row = |(i, claim): (usize, &Claim)| {
        format!(
            "<li><a href=\"#claim-{n}\">{}</a>{}</li>\n",
            escape(&claim.title),
            badge(claim.verdict),
            n = i + 1
        )
    };
    let rows: String = comparison.claims.iter().enumerate().map(row).collect();
    let caution = caution(comparison.seeds.len());
    let caution = if caution.is_empty() { caution } else { format!("<p class=\"help\">{caution}</p>\n") };
    format!("<ol class=\"verdicts\">\n{rows}</ol>\n{caution}")
}

fn detail(comparison: &Comparison, number: usize, claim: &Claim) -> String {
    // The badge says the first words of the sentence already.
    let sentence = claim.sentence.split_once(": ").map_or(claim.sentence.as_str(), |(_, rest)| rest);
    let mut sentence = sentence.to_string();
    if let Some(first) = sentence.get(..1).map(str::to_uppercase) {
        sentence.replace_range(..1, &first);
    }
    format!(
        "<section id=\"claim-{number}\" class=\"claim\">\n<h2>{number}. {}</h2>\n<p class=\"help\">{}</p>\n\
         <p class=\"verdict\">{} {}</p>\n{}{}</section>\n",
        escape(&claim.title),
        escape(&claim.meaning),
        badge(claim.verdict),
        escape(&sentence),
        checks(comparison, &claim.checks),
        figures(&claim.figures)
    )
}

/// The differences behind a verdict.
fn checks(comparison: &Comparison, checks: &[Check]) -> String {
    let row = |check: &Check| {
        let measure = comparison.measures.iter().find(|m| m.key == check.measure)?;
        let value = |name: &str| {
            let model = comparison.models.iter().find(|m| m.name == name);
            model.map_or("—".into(), |m| m.summary(&measure.key).text(measure.factor()))
        };
        let difference = check.difference.text(measure.factor());
        let sign = if check.difference.mean > 0.0 { "+" } else { "" };
        let mark = match check.verdict {
            Verdict::Holds => "<span class=\"mark-holds\">✓ as claimed</span>",
            Verdict::DoesNotHold => "<span class=\"mark-against\">✗ the other way</span>",
            Verdict::NotDecided | Verdict::CannotShow => "<span class=\"mark-open\">≈ undecided</span>",
        };
        Some(format!(
            "<tr><th scope=\"row\">{}<small>{}</small></th><td class=\"value\">{}</td><td class=\"rival\">{}</td>\
             <td class=\"value\">{}</td><td class=\"value\">{sign}{difference}</td><td>{mark}</td></tr>\n",
            escape(&measure.name),
            escape(&measure.unit),
            value(&check.model),
            label(&check.rival),
            value(&check.rival)
        ))
    };
    let rows: String = checks.iter().filter_map(row).collect();
    let subject = checks.first().map_or("", |c| c.model.as_str());
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<table class=\"checks\"><thead><tr><th scope=\"col\">Measure</th><th scope=\"col\" class=\"value\">{}</th>\
         <th scope=\"col\" class=\"rival\">against</th><th scope=\"col\" class=\"value\">its value</th>\
         <th scope=\"col\" class=\"value\">difference ± standard error</th><th scope=\"col\">verdict</th></tr></thead>\n<tbody>\n{rows}</tbody></table>",
        label(subject)
    )
}

/// The terms of the objectives.
fn objective(comparison: &Comparison) -> String {
    stacks::figure(
        &comparison.stacks,
        "Terms of the objective, with their weights, on held-out rows",
        "The sum, written above each bar, is what training minimises, there of training rows with any corruption. Parts below 0 hang. A term with weight 0 is not shown.",
        "nats per example",
    )
}

fn figures(figures: &[Figure]) -> String {
    let width = if figures.len() == 1 { 1072.0 } else { 540.0 };
    let shown: Vec<String> = figures.iter().filter_map(|f| figure(f, width)).collect();
    match shown.len() {
        0 => String::new(),
        1 => shown.concat(),
        _ => format!("<div class=\"panels two\">\n{}</div>", shown.concat()),
    }
}

fn figure(figure: &Figure, width: f64) -> Option<String> {
    let svg = plot(figure, width)?.finish("plot", &figure.title, &figure.caption);
    let [title, caption] = [&figure.title, &figure.caption].map(|t| escape(t));
    Some(format!("<figure><h3>{title}</h3>{svg}<figcaption>{caption}</figcaption></figure>\n"))
}

fn pictures(pictures: Option<&ComparedPictures>) -> String {
    let Some(p) = pictures else { return String::new() };
    let row = |name: &str, left: &[Vec<f32>], right: &[Vec<f32>]| {
        let side = |pictures: &[Vec<f32>]| -> String {
            let shown: String =
                pictures.iter().map(|picture| tile_png(picture, p.shape, &label(name))).collect();
            format!("<div class=\"row\">{shown}</div>")
        };
        format!("<span class=\"row-name\">{}</span>{}{}", label(name), side(left), side(right))
    };
    let mut rows = format!(
        "<span></span><span class=\"side\">from the clean picture</span><span class=\"side\">with {}</span>",
        escape(&p.disturbance)
    );
    rows += &row("input", &p.originals, &p.noisy);
    for made in &p.models {
        rows += &row(&made.name, &made.reconstructions, &made.restored);
    }
    let made = if p.originals.is_empty() {
        String::new()
    } else {
        format!("<figure class=\"beside\">{rows}</figure>")
    };
    let samples: String = p
        .samples
        .iter()
        .map(|(name, samples)| {
            let shown: String =
                samples.iter().map(|picture| tile_png(picture, p.shape, &label(name))).collect();
            format!("<figure><h3>{}</h3><div class=\"tiles\">{shown}</div></figure>\n", label(name))
        })
        .collect();
    section(
        "Reconstructions of the same pictures",
        "Held-out pictures, first seed and initial weights. Left, reconstructions of the clean picture; right, reconstructions of the \
         noisy picture, to be compared with the clean one.",
        &made,
    ) + &section(
        "Samples",
        "New pictures: drawn from the prior where a model defines one, else by the contractive walk along the \
         encoder's high-singular-value directions.",
        &samples,
    )
}

fn measures_help(comparison: &Comparison) -> String {
    let all = comparison.models.iter().flat_map(|m| m.values.values());
    let count = all.map(Vec::len).max().unwrap_or(0);
    let over = comparison.over.as_deref().unwrap_or("seeds");
    let single = comparison.models.iter().find(|m| m.baseline && count > 1 && has_one_value(m));
    let single =
        single.map_or(String::new(), |m| format!("The {} has one value: nothing is trained. ", m.name));
    let spread = match count {
        0 | 1 => format!("One value: no error is known without several {over}. "),
        _ => format!("Mean ± standard error over {count} {over}. "),
    };
    let weights = match (comparison.initializations, &comparison.over) {
        (0 | 1, _) | (_, Some(_)) => String::new(),
        (n, None) => format!(
            "The value of a seed is the mean over {n} initial weights; σ is their standard deviation. "
        ),
    };
    spread
        + &single
        + &weights
        + "A value in bold is the best: the 95 % interval of its difference from every other does not include 0."
}

fn has_one_value(model: &ComparedModel) -> bool {
    model.values.values().all(|values| values.len() == 1)
}

fn measures(comparison: &Comparison) -> String {
    let names: String = comparison
        .models
        .iter()
        .map(|m| {
            let class = class(&m.name, m.baseline, m.color);
            format!("<th scope=\"col\" class=\"value\"><i class=\"dot {class}\"></i>{}</th>", label(&m.name))
        })
        .collect();
    let rows: String = comparison.measures.iter().map(|measure| measure_row(comparison, measure)).collect();
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<div class=\"scroll\"><table class=\"measures\"><thead><tr><th scope=\"col\">{}</th>{names}</tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>",
        escape(&first_column(comparison))
    )
}

/// What the rows are, and the columns of a sweep.
fn first_column(comparison: &Comparison) -> String {
    match comparison.varied.as_slice() {
        [] => "Measure".into(),
        keys => format!("Measure, by {}", keys.join(", ")),
    }
}

fn measure_row(comparison: &Comparison, measure: &Measure) -> String {
    let best = comparison.best(measure).map(|m| m.name.as_str());
    let cell = |model: &ComparedModel| {
        let summary = model.summary(&measure.key);
        if summary.count == 0 {
            return "<td class=\"value none\">—</td>".to_string();
        }
        let (mean, error) = summary.parts(measure.factor());
        let mut error = if error.is_empty() { error } else { format!("<small>± {error}</small>") };
        if let Some(deviation) = model.initialization_deviations.get(&measure.key) {
            error += &format!("<small>σ {}</small>", number(deviation * measure.factor()));
        }
        match best == Some(&model.name) {
            true => format!("<td class=\"value\"><b>{mean}</b>{error}</td>"),
            false => format!("<td class=\"value\">{mean}{error}</td>"),
        }
    };
    let cells: String = comparison.models.iter().map(cell).collect();
    let direction = match measure.better {
        Better::Lower => " · lower is better",
        Better::Higher => " · higher is better",
        Better::Neither => "",
    };
    format!(
        "<tr><th scope=\"row\">{}<small>{}{direction}</small><small>{}</small></th>{cells}</tr>\n",
        escape(&measure.name),
        escape(&measure.unit),
        escape(&measure.explanation)
    )
}

/// What all models share, then a table of what each is.
fn models(comparison: &Comparison) -> String {
    let trained: Vec<&ComparedModel> = comparison.models.iter().filter(|m| !m.facts.is_empty()).collect();
    let Some(first) = trained.first() else { return facts(&comparison.facts) };
    let head: String =
        first.facts.iter().map(|(name, _)| format!("<th scope=\"col\">{}</th>", escape(name))).collect();
    let row = |model: &&ComparedModel| {
        let cells: String =
            model.facts.iter().map(|(_, value)| format!("<td>{}</td>", escape(value))).collect();
        let class = class(&model.name, model.baseline, model.color);
        format!(
            "<tr><th scope=\"row\"><i class=\"dot {class}\"></i>{}</th>{cells}</tr>\n",
            label(&model.name)
        )
    };
    let rows: String = trained.iter().map(row).collect();
    format!(
        "{}<div class=\"scroll\"><table class=\"models\"><thead><tr><th scope=\"col\">Model</th>{head}</tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>",
        facts(&comparison.facts)
    )
}
