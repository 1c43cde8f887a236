//! Sums of parts, such as objectives of their terms, as stacked bars side by side.

use super::measured::Stack;
use super::named_curves::color;
use crate::axis::{Axis, drawable, range};
use crate::number::number;
use crate::plot::{Frame, left_margin};
use crate::svg::{Anchor, Svg, escape, shorten};

const WIDTH: f64 = 1072.0;
const HEIGHT: f64 = 340.0;
/// The share of its place that a bar takes.
const SHARE: f64 = 0.62;

/// The bars with a key of their colours; nothing without stacks of drawable parts.
pub(super) fn figure(stacks: &[Stack], title: &str, caption: &str, y_label: &str) -> String {
    let mut names: Vec<&str> = vec![];
    for (name, _) in stacks.iter().flat_map(|stack| &stack.parts) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let Some(svg) = plot(stacks, &names, y_label) else { return String::new() };
    let keys: String = names
        .iter()
        .enumerate()
        .map(|(i, name)| format!("<span><i class=\"dot {}\"></i>{}</span>", color(i), escape(name)))
        .collect();
    format!(
        "<figure><h3>{}</h3><p class=\"keys\">{keys}</p>{}<figcaption>{}</figcaption></figure>\n",
        escape(title),
        svg.finish("plot", title, caption),
        escape(caption)
    )
}

/// Parts above 0 stand on each other, parts below hang; the sum is written above.
fn plot(stacks: &[Stack], names: &[&str], y_label: &str) -> Option<Svg> {
    let parts = |stack: &Stack| stack.parts.iter().filter(|p| drawable(p.1)).cloned().collect::<Vec<_>>();
    let side = |stack: &Stack, sign: f64| -> f64 {
        parts(stack).iter().map(|p| p.1).filter(|v| v * sign > 0.0).sum()
    };
    let ends = stacks.iter().flat_map(|stack| [side(stack, 1.0), side(stack, -1.0)]);
    let (low, high) = range(ends.chain([0.0])).filter(|(low, high)| low < high)?;
    let y = Axis::linear(low, high, 5);
    let mut x = Axis::tight(0.0, stacks.len() as f64, 1);
    x.ticks.clear();
    let frame = Frame { left: left_margin(&y, 8.0), right: WIDTH, top: 36.0, bottom: HEIGHT - 50.0, x, y };
    let mut svg = Svg::new(WIDTH, HEIGHT);
    frame.draw(&mut svg, "", y_label);
    for (i, stack) in stacks.iter().enumerate() {
        let (left, right) = (
            frame.at(i as f64 + (1.0 - SHARE) / 2.0, 0.0).0,
            frame.at(i as f64 + (1.0 + SHARE) / 2.0, 0.0).0,
        );
        let (mut above, mut below) = (0.0, 0.0);
        for (name, value) in parts(stack) {
            let base = if value > 0.0 { &mut above } else { &mut below };
            let (from, to) = (frame.at(0.0, *base).1, frame.at(0.0, *base + value).1);
            *base += value;
            let class = names.iter().position(|n| *n == name).map_or("other", color);
            let hover = format!("{}: {name} {}", stack.name, number(value));
            svg.rect((left, from.min(to)), right - left, (from - to).abs(), &format!("part {class}"), &hover);
        }
        let middle = (left + right) / 2.0;
        let top = frame.at(0.0, above).1;
        svg.text((middle, top - 6.0), Anchor::Middle, "note", &number(above + below));
        svg.text((middle, frame.bottom + 22.0), Anchor::Middle, "label", &shorten(&stack.name, 24));
    }
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(name: &str, parts: &[(&str, f64)]) -> Stack {
        Stack { name: name.into(), parts: parts.iter().map(|(n, v)| (n.to_string(), *v)).collect() }
    }

    #[test]
    fn parts_stand_on_each_other_and_the_sum_is_written() {
        let stacks = [stack("a", &[("one", 3.0), ("two", 1.0)]), stack("b", &[("one", 2.0), ("two", -1.5)])];
        let page = figure(&stacks, "Terms", "", "nats");
        assert_eq!(page.matches("class=\"part").count(), 4);
        assert!(page.contains(">4<") && page.contains(">0.5<"), "{page}");
        assert_eq!(page.matches("class=\"dot ").count(), 2);
    }

    #[test]
    fn nothing_and_odd_values_draw_nothing() {
        assert_eq!(figure(&[], "", "", ""), "");
        assert_eq!(figure(&[stack("a", &[("one", f64::NAN), ("two", f64::INFINITY)])], "", "", ""), "");
    }
}
