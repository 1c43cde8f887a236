//! The pages: text with equations, source code and commands.
//!
//! A page is HTML with `$…$` and `$$…$$` for equations in LaTeX, which become MathML, and
//!
//! ```text
//! {{source FILE FUNCTION}}   the function of the library, cut from its source
//! {{command WORDS}}          a command line
//! {{architecture KEY}}       the drawing of a model of the lab
//! ```

use diabolo::report::architecture_picture;
use diabolo::{FitJob, Result, sources};
use pulldown_latex::config::DisplayMode;
use pulldown_latex::{Parser, RenderConfig, Storage, push_mathml};

use super::recipes::{INPUT, RECIPES};
use super::wrong;

/// A page of the lab.
pub(crate) struct Page {
    /// Its path, and its file in an export.
    pub name: &'static str,
    pub title: &'static str,
    /// One sentence for the list of pages.
    pub about: &'static str,
    text: &'static str,
}

macro_rules! page {
    ($name:literal, $title:literal, $about:literal) => {
        Page {
            name: $name,
            title: $title,
            about: $about,
            text: include_str!(concat!("../../web/lab/pages/", $name, ".html")),
        }
    };
}

/// In the order of a course.
pub(crate) static PAGES: [Page; 14] = [
    page!("index", "The lab", "Contractive and variational autoencoders, page by page."),
    page!(
        "architecture",
        "Two architectures",
        "The contractive and the variational autoencoder side by side, drawn from the models."
    ),
    page!(
        "width",
        "The autoencoder and its code",
        "What fits through a narrow code, beside principal components."
    ),
    page!(
        "contraction",
        "The contraction penalty",
        "λ‖J‖² by hand, its singular values, and the directions that survive it."
    ),
    page!("similar", "Similar inputs, similar codes", "Distances of pairs, and neighbours that are kept."),
    page!(
        "stability",
        "Stability",
        "Five initialisations on one split: curves, figures, similarity of codes."
    ),
    page!("denoising", "The link to denoising", "Noise on the input, and the field r(x) − x."),
    page!("bound", "The bound for one digit", "Every term of the ELBO, and the gap to log p(x)."),
    page!("reparameterisation", "The reparameterisation", "Freeze ε; move μ and σ."),
    page!("collapse", "KL by dimension, and β", "What β does to each latent dimension, until it collapses."),
    page!("vae", "A variational autoencoder at work", "Draw a digit: encode, sample, decode."),
    page!("build", "Build your own", "Choose, train live, save, and take the code with you."),
    page!("apply", "Applications", "One live example each."),
    page!("questions", "The lecture's questions", "Answers, each with its page."),
];

/// The command lines that pages show.
pub(crate) fn commands() -> Vec<String> {
    let blocks = PAGES.iter().flat_map(|page| page.text.split("{{command ").skip(1));
    let lines = blocks.filter_map(|rest| rest.split_once("}}")).flat_map(|(block, _)| block.lines());
    lines.map(String::from).collect()
}

/// The page as HTML; links and scripts are relative files in an export.
///
/// # Errors
/// If the text names a function that is gone, or an equation is wrong; a test renders all pages.
pub(crate) fn html(page: &Page, exported: bool) -> Result<String> {
    let href = |name: &str| match (exported, name) {
        (true, name) => format!("{name}.html"),
        (false, "index") => "/".to_string(),
        (false, name) => format!("/{name}"),
    };
    let root = if exported { "" } else { "/" };
    let link = |other: &Page| {
        let here = if other.name == page.name { " aria-current=\"page\"" } else { "" };
        format!("<li><a href=\"{}\"{here}>{}</a></li>", href(other.name), other.title)
    };
    let list: String = PAGES.iter().map(link).collect();
    let at = PAGES.iter().position(|other| other.name == page.name).unwrap_or_default();
    let beside = |other: Option<&Page>, word: &str, class: &str| {
        other.map_or(String::new(), |other| {
            format!(
                "<a class=\"{class}\" href=\"{}\"><small>{word}</small> {}</a>",
                href(other.name),
                other.title
            )
        })
    };
    let turn = [
        beside(at.checked_sub(1).map(|k| &PAGES[k]), "before", "before"),
        beside(PAGES.get(at + 1), "next", "next"),
    ]
    .concat();
    let cards = PAGES[1..].iter().map(|other| {
        format!(
            "<li><a href=\"{}\"><b>{}</b><span>{}</span></a></li>",
            href(other.name),
            other.title,
            other.about
        )
    });
    let body = filled(page.text)?.replace("{{pages}}", &cards.collect::<String>());
    let body = linked(&body, &href);
    let mode = if exported { "static" } else { "live" };
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"lab\" content=\"{mode}\">\n\
         <title>{title} · Diabolo lab</title>\n<link rel=\"icon\" href=\"{root}icon.svg\">\n\
         <link rel=\"stylesheet\" href=\"{root}style.css\">\n<link rel=\"stylesheet\" href=\"{root}lab/lab.css\">\n\
         <script type=\"module\" src=\"{root}lab/lab.js\"></script>\n</head>\n<body class=\"lab\">\n\
         <nav class=\"contents\" aria-label=\"Pages\"><a class=\"brand\" href=\"{home}\"><img src=\"{root}icon.svg\" alt=\"\"> Diabolo lab</a>\
         <ol start=\"0\">{list}</ol></nav>\n\
         <main id=\"page\" data-page=\"{name}\">\n<h1>{title}</h1>\n{body}\n<nav class=\"turn\" aria-label=\"Next and previous page\">{turn}</nav>\n</main>\n</body>\n</html>\n",
        title = page.title,
        name = page.name,
        home = href("index"),
    ))
}

/// `href="page:NAME"` and `href="page:NAME#PLACE"` as addresses.
fn linked(text: &str, href: &dyn Fn(&str) -> String) -> String {
    PAGES.iter().fold(text.to_string(), |text, page| {
        ["\"", "#"].iter().fold(text, |text, end| {
            text.replace(&format!("\"page:{}{end}", page.name), &format!("\"{}{end}", href(page.name)))
        })
    })
}

/// The text with equations, source code and commands in their places.
fn filled(text: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        out.push_str(&with_math(&rest[..at])?);
        let end = rest[at..].find("}}").ok_or_else(|| wrong("page", "}} after {{", "none"))? + at;
        out.push_str(&inserted(&rest[at + 2..end])?);
        rest = &rest[end + 2..];
    }
    Ok(out + &with_math(rest)?)
}

fn inserted(words: &str) -> Result<String> {
    match words.split_once(' ') {
        Some(("source", place)) => {
            let (file, name) =
                place.split_once(' ').ok_or_else(|| wrong("page", "a file and a function", place))?;
            let code = escape(&sources::function(file, name)?);
            Ok(format!(
                "<details class=\"source\"><summary><code>{name}</code> in <code>crates/diabolo/src/{file}</code></summary><pre><code>{code}</code></pre></details>"
            ))
        }
        Some(("command", line)) => {
            Ok(format!("<pre class=\"command\"><code>$ {}</code></pre>", escape(&line.replace('\n', "\n$ "))))
        }
        Some(("architecture", key)) => architecture(key),
        _ => Ok(format!("{{{{{words}}}}}")),
    }
}

/// The drawing of a model of the lab.
fn architecture(key: &str) -> Result<String> {
    let recipe = RECIPES.iter().find(|recipe| recipe.key == key);
    let recipe = recipe.ok_or_else(|| wrong("page", "a model of the lab", key))?;
    let prepared = FitJob::input(INPUT).config(recipe.config()?).prepare()?;
    let picture = architecture_picture(prepared.architecture());
    Ok(format!(
        "<figure class=\"drawing\">{}<figcaption>{}</figcaption></figure>",
        picture.to_svg(),
        escape(&picture.text())
    ))
}

/// Equations between dollars as MathML.
fn with_math(text: &str) -> Result<String> {
    let mut out = String::new();
    for (k, part) in text.split("$$").enumerate() {
        if k % 2 == 1 {
            out.push_str(&math(part, DisplayMode::Block)?);
            continue;
        }
        for (k, part) in part.split('$').enumerate() {
            match k % 2 {
                1 => out.push_str(&math(part, DisplayMode::Inline)?),
                _ => out.push_str(part),
            }
        }
    }
    Ok(out)
}

fn math(latex: &str, display_mode: DisplayMode) -> Result<String> {
    let storage = Storage::new();
    // Text of pages is HTML.
    let latex = latex.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    // Of \tfrac12 the crate makes a fraction with the numerator 12.
    if latex.split("frac").skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        return Err(wrong("equation", "braces after \\frac", latex));
    }
    let parsed = Parser::new(&latex, &storage).collect::<std::result::Result<Vec<_>, _>>();
    let events = parsed.map_err(|cause| wrong("equation", &*latex, cause))?;
    let mut out = String::new();
    let config = RenderConfig { display_mode, ..RenderConfig::default() };
    let events = events.into_iter().map(Ok::<_, std::convert::Infallible>);
    push_mathml(&mut out, events, config).map_err(|cause| wrong("equation", &*latex, cause))?;
    // The crate writes this sign as it is.
    Ok(without_styles(&out).replace("<mo><</mo>", "<mo>&lt;</mo>"))
}

/// Without style attributes, which the policy of the pages forbids.
fn without_styles(mathml: &str) -> String {
    let mut parts = mathml.split(" style=\"");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |out, part| out + part.split_once('"').map_or("", |(_, rest)| rest))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_page_can_be_shown_with_its_sources_and_equations() {
        let mut shown = 0;
        for page in &PAGES {
            for exported in [false, true] {
                let text = html(page, exported).unwrap_or_else(|error| panic!("{}: {error}", page.name));
                assert!(!text.contains("{{") && !text.contains("page:"), "{}", page.name);
                assert!(!text.contains('$') || text.contains("$ diabolo"), "{}", page.name);
                shown += text.matches("class=\"source\"").count();
            }
        }
        assert!(shown >= 20, "{shown}");
    }

    #[test]
    fn a_function_that_is_gone_is_found() {
        assert!(filled("{{source model/contractive.rs loss}}").unwrap().contains("contraction_weight"));
        assert!(filled("{{source model/contractive.rs gone}}").is_err());
        assert!(filled("{{source model/gone.rs loss}}").is_err());
        assert!(filled("an $\\unknowncommand{x}$").is_err());
        assert!(filled("a half, $\\tfrac12 x$").is_err() && filled("$\\tfrac{1}{2} x$").is_ok());
        assert_eq!(without_styles("<a style=\"x:1\" b=\"c\"><d>"), "<a b=\"c\"><d>");
        let made = filled("<p>$x &lt; y$</p>").unwrap();
        assert!(made.contains("<math") && made.contains("&lt;"), "{made}");
    }
}
