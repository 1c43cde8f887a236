//! A page: head, sections, lists of facts.

use crate::svg::escape;

/// Looks: light, dark and paper.
const STYLE: &str = include_str!("style.css");

/// The policy forbids the page to load or run anything, whatever it may contain.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// Pages with fewer sections have no list of contents.
const FEWEST_LINKED: usize = 4;

/// A page with this content under its title.
pub(crate) fn document(title: &str, subtitle: &str, content: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"subtitle\">{}</p>\n</header>\n{}{content}\
         <footer>Nats are units of information counted with the natural logarithm; divide by 0.693 for bits. \
         A value per example is summed over all features and averaged over all examples. \
         Made by diabolo; this file is complete in itself and loads nothing.</footer>\n</main>\n</body>\n</html>\n",
        escape(subtitle),
        contents(content)
    )
}

/// Links to the sections, if there are several. Other text of a page is escaped, so that only a
/// section begins like one.
fn contents(content: &str) -> String {
    let link = |part: &str| {
        let (id, rest) = part.split_once('"')?;
        let (heading, _) = rest.split_once("<h2>")?.1.split_once("</h2>")?;
        Some(format!("<li><a href=\"#{id}\">{heading}</a></li>\n"))
    };
    let links: Vec<String> = content.split("<section id=\"").skip(1).filter_map(link).collect();
    match links.len() {
        0..FEWEST_LINKED => String::new(),
        _ => format!("<nav aria-label=\"Contents\">\n<ul>\n{}</ul>\n</nav>\n", links.concat()),
    }
}

/// A heading as an `id`: its letters and digits in lower case, words joined by hyphens.
fn slug(heading: &str) -> String {
    let words = heading.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// A headed part of the page; nothing when it has no content. `help` is a sentence under the
/// heading.
pub(crate) fn section(heading: &str, help: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    let help =
        if help.is_empty() { String::new() } else { format!("<p class=\"help\">{}</p>\n", escape(help)) };
    format!("<section id=\"{}\">\n<h2>{}</h2>\n{help}{content}\n</section>\n", slug(heading), escape(heading))
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
