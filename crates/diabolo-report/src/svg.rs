//! A minimal SVG writer: escaped text, rounded coordinates, styling through CSS classes.

/// Makes any text safe inside HTML or SVG, in content and in quoted attributes.
///
/// Control characters (which XML forbids) and direction overrides (which could disguise text)
/// become `�`.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}')
            }
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// At most `limit` characters, ending in `…` if some were cut.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.into();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

/// A coordinate with one decimal at most.
pub(crate) fn coordinate(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // Adding zero turns −0 into 0.
    format!("{}", rounded + 0.0)
}

/// A drawing under construction, in user units with the origin at the top left.
pub(crate) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Which point of a text its position names.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub fn new(width: f64, height: f64) -> Self {
        Svg { width, height, body: String::new() }
    }

    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(coordinate);
        self.body += &format!(r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#);
    }

    pub fn rect(&mut self, (x, y): (f64, f64), width: f64, height: f64, class: &str, hover: &str) {
        let [x, y, width, height] = [x, y, width, height].map(coordinate);
        let hover = title(hover);
        self.body += &format!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}">{hover}</rect>"#
        );
    }

    pub fn circle(&mut self, (x, y): (f64, f64), radius: f64, class: &str, hover: &str) {
        let [x, y, radius] = [x, y, radius].map(coordinate);
        let hover = title(hover);
        self.body += &format!(r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}">{hover}</circle>"#);
    }

    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, content: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let [x, y, content] = [coordinate(x), coordinate(y), escape(content)];
        self.body +=
            &format!(r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{content}</text>"#);
    }

    /// A connected line through the points.
    pub fn polyline(&mut self, points: &[(f64, f64)], class: &str) {
        let points: Vec<String> =
            points.iter().map(|&(x, y)| format!("{},{}", coordinate(x), coordinate(y))).collect();
        self.body += &format!(r#"<polyline class="{class}" points="{}"/>"#, points.join(" "));
    }

    /// A filled shape.
    pub fn polygon(&mut self, points: &[(f64, f64)], class: &str) {
        let points: Vec<String> =
            points.iter().map(|&(x, y)| format!("{},{}", coordinate(x), coordinate(y))).collect();
        self.body += &format!(r#"<polygon class="{class}" points="{}"/>"#, points.join(" "));
    }

    /// Many round dots as one path: a tenth of the size of as many circles.
    pub fn dots(&mut self, points: &[(f64, f64)], class: &str, hover: &str) {
        let path: String =
            points.iter().map(|&(x, y)| format!("M{} {}h0", coordinate(x), coordinate(y))).collect();
        let hover = title(hover);
        self.body += &format!(r#"<path class="{class}" d="{path}">{hover}</path>"#);
    }

    /// Many bars (left, top, width, height) as one path: a fifth of the size of as many rectangles.
    pub fn bars(&mut self, bars: &[(f64, f64, f64, f64)], class: &str) {
        let bar = |&(x, y, width, height): &(f64, f64, f64, f64)| {
            let [x, bottom, width, height] = [x, y + height, width, height].map(coordinate);
            format!("M{x} {bottom}v-{height}h{width}v{height}z")
        };
        let path: String = bars.iter().map(bar).collect();
        self.body += &format!(r#"<path class="{class}" d="{path}"/>"#);
    }

    /// An embedded picture.
    pub fn image(&mut self, (x, y): (f64, f64), width: f64, height: f64, href: &str) {
        let [x, y, width, height] = [x, y, width, height].map(coordinate);
        self.body += &format!(
            r#"<image class="pixels" x="{x}" y="{y}" width="{width}" height="{height}" href="{}"/>"#,
            escape(href)
        );
    }

    /// A style element, for a drawing that stands alone.
    pub fn style(&mut self, element: &str) {
        self.body += element;
    }

    /// Another drawing, moved to a place within this one.
    pub fn device(&mut self, other: &Svg, (x, y): (f64, f64)) {
        let [x, y] = [x, y].map(coordinate);
        self.body += &format!(r#"<g transform="translate({x} {y})">{}</g>"#, other.body);
    }

    /// The drawing as an element, with its name and description for those who cannot see it.
    pub fn finish(self, class: &str, name: &str, description: &str) -> String {
        let [width, height] = [self.width, self.height].map(coordinate);
        let (name, description) = (escape(name), escape(description));
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="{class}" viewBox="0 0 {width} {height}" role="img" aria-label="{name}"><desc>{description}</desc>{}</svg>"#,
            self.body
        )
    }
}

fn title(hover: &str) -> String {
    if hover.is_empty() { String::new() } else { format!("<title>{}</title>", escape(hover)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_element() {
        assert_eq!(escape("<b a='1'>\"&\u{0}\u{202e}"), "&lt;b a=&#39;1&#39;&gt;&quot;&amp;\u{fffd}\u{fffd}");
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!([12.0, 1.26, -0.01].map(coordinate), ["12", "1.3", "0"]);
    }

    #[test]
    fn long_text_is_cut_by_characters_not_bytes() {
        assert_eq!(shorten("äöüäöü", 4), "äöü…");
        assert_eq!(shorten("abcd", 4), "abcd");
    }
}
