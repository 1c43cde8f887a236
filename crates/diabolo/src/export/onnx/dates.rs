//! The positions of a time in the cycles of the calendar.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::graph::{Graph, Value};

const DAY: f64 = 86_400.0;

/// Sine and cosine of the positions of times, in seconds of the local clock, in the first `cycles`
/// of year, week and day: each rows × 1.
pub(super) fn positions(graph: &mut Graph, local: &Value, cycles: usize) -> Vec<Value> {
    let days = quotient(graph, local, DAY);
    let shares: [fn(&mut Graph, &Value, &Value) -> Value; 3] = [
        |graph, days, _| of_year(graph, days),
        |graph, days, _| {
            let since_monday = graph.with_double("Add", days, 3.0);
            part(graph, &since_monday, 7.0)
        },
        |graph, _, local| part(graph, local, DAY),
    ];
    let mut found = vec![];
    for share in shares.into_iter().take(cycles) {
        let share = share(graph, &days, local);
        let angle = graph.with_double("Mul", &share, TAU);
        found.push(graph.node("Sin", &[&angle]));
        // Not every runtime has a cosine in double precision.
        let shifted = graph.with_double("Add", &angle, FRAC_PI_2);
        found.push(graph.node("Sin", &[&shifted]));
    }
    found
}

/// (month − 1 + (day − 1) / 31) / 12 of the date so many days from 1970-01-01 (H. Hinnant,
/// "chrono-compatible low-level date algorithms", whose years begin in March).
fn of_year(graph: &mut Graph, days: &Value) -> Value {
    let shifted = graph.with_double("Add", days, 719_468.0);
    let of_era = remainder(graph, &shifted, 146_097.0);
    // (n − n/1460 + n/36524 − n/146096) / 365, of whole quotients.
    let mut corrected = of_era.clone();
    for (operator, length) in [("Sub", 1460.0), ("Add", 36_524.0), ("Sub", 146_096.0)] {
        let count = quotient(graph, &of_era, length);
        corrected = graph.node(operator, &[&corrected, &count]);
    }
    let year = quotient(graph, &corrected, 365.0);
    // n − (365 y + y/4 − y/100).
    let mut of_year = of_era;
    let whole = graph.with_double("Mul", &year, 365.0);
    let (fours, centuries) = (quotient(graph, &year, 4.0), quotient(graph, &year, 100.0));
    for (operator, days) in [("Sub", whole), ("Sub", fours), ("Add", centuries)] {
        of_year = graph.node(operator, &[&of_year, &days]);
    }
    let month = line(graph, &of_year, [5.0, 2.0, 153.0]);
    let first = line(graph, &month, [153.0, 2.0, 5.0]);
    let day = graph.node("Sub", &[&of_year, &first]);
    let day = graph.with_double("Div", &day, 31.0);
    let month = graph.with_double("Add", &month, 2.0);
    let month = remainder(graph, &month, 12.0);
    let months = graph.node("Add", &[&month, &day]);
    graph.with_double("Div", &months, 12.0)
}

/// ⌊(a x + b) / c⌋.
fn line(graph: &mut Graph, x: &Value, [a, b, c]: [f64; 3]) -> Value {
    let scaled = graph.with_double("Mul", x, a);
    let shifted = graph.with_double("Add", &scaled, b);
    quotient(graph, &shifted, c)
}

/// ⌊x / length⌋.
fn quotient(graph: &mut Graph, x: &Value, length: f64) -> Value {
    let divided = graph.with_double("Div", x, length);
    graph.node("Floor", &[&divided])
}

/// x − length ⌊x / length⌋.
fn remainder(graph: &mut Graph, x: &Value, length: f64) -> Value {
    let count = quotient(graph, x, length);
    let whole = graph.with_double("Mul", &count, length);
    graph.node("Sub", &[x, &whole])
}

/// The part of a cycle that has passed.
fn part(graph: &mut Graph, x: &Value, length: f64) -> Value {
    let passed = remainder(graph, x, length);
    graph.with_double("Div", &passed, length)
}
