//! A page: head, sections, lists of facts.

use crate::svg::escape;

/// Looks: light, dark and paper.
const STYLE: &str = include_str!("style.css");

/// The policy forbids the page to load or run anything, whatever it may contain.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// A page with this content under its title.
pub(crate) fn document(title: &str, subtitle: &str, content: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"subtitle\">{}</p>\n</header>\n{content}\
         <footer>Nats are units of information counted with the natural logarithm; divide by 0.693 for bits. \
         A value per example is summed over all features and averaged over all examples. \
         Made by diabolo; this file is complete in itself and loads nothing.</footer>\n</main>\n</body>\n</html>\n",
        escape(subtitle)
    )
}

/// A headed part of the page; nothing when it has no content. `help` is a sentence under the
/// heading.
pub(crate) fn section(heading: &str, help: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    let help =
        if help.is_empty() { String::new() } else { format!("<p class=\"help\">{}</p>\n", escape(help)) };
    format!("<section>\n<h2>{}</h2>\n{help}{content}\n</section>\n", escape(heading))
}

pub(crate) fn warnings(warnings: &[String]) -> String {
    let items: String = warnings.iter().map(|w| format!("<li>{}</li>", escape(w))).collect();
    if items.is_empty() { items } else { format!("<ul class=\"warnings\" role=\"alert\">{items}</ul>\n") }
}

/// Names with values beside each other; a long value gets twice the room.
pub(crate) fn facts(facts: &[(String, String)]) -> String {
    let item = |(name, value): &(String, String)| {
        let class = if value.chars().count() > 26 { " class=\"long\"" } else { "" };
        format!("<div{class}><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value))
    };
    let items: String = facts.iter().map(item).collect();
    if items.is_empty() { items } else { format!("<dl class=\"facts\">{items}</dl>") }
}
