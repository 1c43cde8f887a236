//! Which format the dates of a column of text have.

use std::collections::BTreeSet;

use super::calendar::{DAY, Moment, date};
use super::pattern::{Part, Pattern, Zeros};
use super::text::{MONTHS, WEEKDAYS, named};

/// How many of the first cells propose formats, and how many choose between spellings.
const PROPOSING: usize = 20;
const CHOOSING: usize = 1000;

/// The format of a column of dates.
pub(crate) enum Found {
    /// The one format that reads the cells.
    One(Pattern),
    /// Day and month may be the other way round.
    Ambiguous { day_first: Pattern, month_first: Pattern },
}

/// The format that reads at least this share of the cells; `None` if they are no dates.
pub(crate) fn detect(cells: &[&str], least: f64) -> Option<Found> {
    let mut patterns: Vec<Pattern> = vec![];
    for cell in cells.iter().take(PROPOSING) {
        for pattern in proposals(cell) {
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
    }
    let read = |pattern: &Pattern| cells.iter().filter(|cell| pattern.read(cell).is_some()).count();
    let counts: Vec<usize> = patterns.iter().map(read).collect();
    let most = *counts.iter().max()?;
    if most == 0 || (most as f64) < least * cells.len() as f64 {
        return None;
    }
    let best = patterns.into_iter().zip(counts).filter(|(_, count)| *count == most).map(|(p, _)| p);
    let mut best = of_fewest_years(best.collect(), cells).into_iter();
    let first = best.next()?;
    let spelled = |pattern: Pattern| spelling(pattern, cells);
    let swapped = best.find(|other| is_swapped(&first, other));
    Some(match swapped {
        None => Found::One(spelled(first)),
        // Nobody writes 12.31.2024.
        Some(_) if first.parts().contains(&Part::Mark('.')) => Found::One(spelled(first)),
        Some(other) => match (in_order(&first, cells), in_order(&other, cells)) {
            (true, false) => Found::One(spelled(first)),
            (false, true) => Found::One(spelled(other)),
            _ => Found::Ambiguous { day_first: spelled(first), month_first: spelled(other) },
        },
    })
}

/// If the year of two digits may be at either end, `23-01-31`, the dates are of as few years as
/// possible; read the other way, the days would be years.
fn of_fewest_years(patterns: Vec<Pattern>, cells: &[&str]) -> Vec<Pattern> {
    if patterns.len() < 2 || !patterns.iter().all(|pattern| pattern.parts().contains(&Part::ShortYear)) {
        return patterns;
    }
    let years = |pattern: &Pattern| {
        let moments = cells.iter().filter_map(|cell| pattern.read(cell));
        moments.map(|moment| date((moment.seconds / DAY).floor() as i64).0).collect::<BTreeSet<i64>>().len()
    };
    let counts: Vec<usize> = patterns.iter().map(years).collect();
    let fewest = counts.iter().copied().min();
    patterns.into_iter().zip(counts).filter(|(_, count)| Some(*count) == fewest).map(|(p, _)| p).collect()
}

/// The moment of a text that begins with the year, in whatever such format.
pub(super) fn unambiguous(text: &str) -> Option<Moment> {
    let patterns = proposals(text).into_iter().filter(|pattern| pattern.parts().first() == Some(&Part::Year));
    patterns.filter(|pattern| !pattern.is_number()).find_map(|pattern| pattern.read(text))
}

/// Whether the rows are in order of time.
fn in_order(pattern: &Pattern, cells: &[&str]) -> bool {
    let times: Vec<f64> = cells.iter().filter_map(|cell| pattern.read(cell)).map(|m| m.seconds).collect();
    times.is_sorted() || times.is_sorted_by(|a, b| a >= b)
}

/// Whether one pattern is the other with day and month exchanged.
fn is_swapped(one: &Pattern, other: &Pattern) -> bool {
    let swap = |part: &Part| match part {
        Part::Day(zeros) => Part::Month(*zeros),
        Part::Month(zeros) => Part::Day(*zeros),
        part => *part,
    };
    one.parts().iter().map(swap).eq(other.parts().iter().copied())
}

/// The pattern with the leading zeros, names and digits of a second that most cells have.
fn spelling(pattern: Pattern, cells: &[&str]) -> Pattern {
    let given = &cells[..cells.len().min(CHOOSING)];
    let same = |pattern: &Pattern| {
        let written = |moment: Moment| pattern.write(moment.seconds, moment.offset);
        given.iter().filter(|cell| pattern.read(cell).is_some_and(|moment| written(moment) == **cell)).count()
    };
    let mut variants = vec![pattern.clone()];
    for respelled in RESPELLED {
        let changed = variants.iter().map(|variant| {
            Pattern::of(variant.parts().iter().map(|part| respelled(*part)).collect::<Vec<_>>())
        });
        let new = changed.filter(|changed| !variants.contains(changed)).collect::<Vec<_>>();
        variants.extend(new);
    }
    if let Some(at) = pattern.parts().iter().position(|part| *part == Part::PointFraction) {
        let replaced = |by: &[Part]| {
            variants
                .iter()
                .map(|variant| {
                    let parts = variant.parts();
                    Pattern::of([&parts[..at], by, &parts[at + 1..]].concat())
                })
                .collect::<Vec<_>>()
        };
        let fractions = [3, 6, 9].map(|digits| replaced(&[Part::Mark('.'), Part::Fraction(digits)])).concat();
        variants = [replaced(&[]), fractions, variants].concat();
    }
    // The first of equals: `max_by_key` takes the last.
    variants.into_iter().rev().max_by_key(same).unwrap_or(pattern)
}

/// How the parts of a proposed pattern may be spelled otherwise.
const RESPELLED: [fn(Part) -> Part; 5] = [
    |part| match part {
        Part::Day(_) => Part::Day(Zeros::Left),
        Part::Month(_) => Part::Month(Zeros::Left),
        part => part,
    },
    |part| match part {
        Part::Hour(_) => Part::Hour(Zeros::Left),
        Part::HalfDayHour(_) => Part::HalfDayHour(Zeros::Left),
        part => part,
    },
    |part| if part == Part::MonthName { Part::LongMonthName } else { part },
    |part| match part {
        Part::MonthName => Part::CapitalMonthName,
        Part::LongMonthName => Part::CapitalLongMonthName,
        part => part,
    },
    |part| if part == Part::HalfDay { Part::SmallHalfDay } else { part },
];

/// The patterns that a cell may have, most usual first.
fn proposals(cell: &str) -> Vec<Pattern> {
    let mut found = vec![];
    let mut rest = cell;
    let mut before = vec![];
    if named(&mut rest, &WEEKDAYS).is_some() {
        let name = &cell[..cell.len() - rest.len()];
        before.push(if name.len() > 4 { Part::LongWeekday } else { Part::Weekday });
        before.extend(marks(&mut rest));
    }
    for (date, after) in dates(rest) {
        for time in times(after) {
            let parts = before.iter().chain(&date).chain(&time).copied().collect();
            found.push(Pattern::of(parts));
        }
    }
    found.retain(|pattern| pattern.read(cell).is_some());
    found
}

/// A run of digits, of letters, or of the marks between them.
fn run<'a>(rest: &mut &'a str, of: impl Fn(char) -> bool) -> &'a str {
    let end = rest.find(|c| !of(c)).unwrap_or(rest.len());
    let (taken, after) = rest.split_at(end);
    *rest = after;
    taken
}

fn digits<'a>(rest: &mut &'a str) -> &'a str {
    run(rest, |c| c.is_ascii_digit())
}

fn marks(rest: &mut &str) -> Vec<Part> {
    run(rest, |c| " ,.-/".contains(c)).chars().map(Part::Mark).collect()
}

/// The dates that may begin `text`, and what follows.
fn dates(text: &str) -> Vec<(Vec<Part>, &str)> {
    const YEAR: Part = Part::Year;
    const MONTH: Part = Part::Month(Zeros::Kept);
    const DAY: Part = Part::Day(Zeros::Kept);
    let mut rest = text;
    let field = |rest: &mut &str| {
        let number = digits(rest);
        let mut after = *rest;
        match number.len() {
            0 => named(&mut after, &MONTHS).map(|_| {
                let name = &rest[..rest.len() - after.len()];
                *rest = after;
                if name.len() > 4 { 'L' } else { 'N' }
            }),
            1 | 2 => Some('2'),
            4 => Some('4'),
            8 => Some('8'),
            12 => Some('C'),
            14 => Some('E'),
            _ => None,
        }
    };
    let named_month = |kind: char| if kind == 'L' { Part::LongMonthName } else { Part::MonthName };
    let Some(first) = field(&mut rest) else { return vec![] };
    let time = [Part::Hour(Zeros::Kept), Part::Minute];
    match first {
        '8' => return vec![(vec![YEAR, MONTH, DAY], rest)],
        'C' => return vec![([&[YEAR, MONTH, DAY][..], &time].concat(), rest)],
        'E' => return vec![([&[YEAR, MONTH, DAY][..], &time, &[Part::Second]].concat(), rest)],
        _ => {}
    }
    let one = marks(&mut rest);
    let Some(second) = field(&mut rest) else { return vec![] };
    let has_name = |kind: char| kind == 'N' || kind == 'L';
    if one.is_empty() && has_name(first) == has_name(second) {
        return vec![];
    }
    let after_two = rest;
    let two = marks(&mut rest);
    let third = field(&mut rest);
    let join = |a: Part, b: Part, c: Part| [&[a][..], &one, &[b], &two, &[c]].concat();
    let three: Vec<Vec<Part>> = match (first, second, third) {
        _ if two.is_empty() && !has_name(second) => vec![],
        ('4', '2', Some('2')) if one == two => vec![join(YEAR, MONTH, DAY)],
        ('4', month @ ('N' | 'L'), Some('2')) => vec![join(YEAR, named_month(month), DAY)],
        ('2', '2', Some('4')) if one == two => vec![join(DAY, MONTH, YEAR), join(MONTH, DAY, YEAR)],
        ('2', '2', Some('2')) if one == two && one != [Part::Mark(' ')] => {
            let year = Part::ShortYear;
            vec![join(DAY, MONTH, year), join(MONTH, DAY, year), join(year, MONTH, DAY)]
        }
        ('2', month @ ('N' | 'L'), Some('4')) => vec![join(DAY, named_month(month), YEAR)],
        ('2', month @ ('N' | 'L'), Some('2')) => vec![join(DAY, named_month(month), Part::ShortYear)],
        (month @ ('N' | 'L'), '2', Some('4')) => vec![join(named_month(month), DAY, YEAR)],
        _ => vec![],
    };
    if !three.is_empty() {
        return three.into_iter().map(|parts| (parts, rest)).collect();
    }
    let pair = |a: Part, b: Part| vec![([&[a][..], &one, &[b]].concat(), after_two)];
    match (first, second) {
        ('4', '2') if after_two.is_empty() => pair(YEAR, MONTH),
        ('2', '4') if after_two.is_empty() => pair(MONTH, YEAR),
        (month @ ('N' | 'L'), '4') => pair(named_month(month), YEAR),
        (month @ ('N' | 'L'), '2') => ctime(&one, named_month(month), after_two),
        _ => vec![],
    }
}

/// `Dec 31 23:59:59 2024`, after its day; and `Dec-24`.
fn ctime<'a>(mark: &[Part], month: Part, after: &'a str) -> Vec<(Vec<Part>, &'a str)> {
    if after.is_empty() {
        return vec![([&[month][..], mark, &[Part::ShortYear]].concat(), after)];
    }
    let day = [&[month][..], mark, &[Part::Day(Zeros::Kept)]].concat();
    let clock = " %H:%M:%S %Y";
    let clock = clock.parse::<Pattern>().map(|pattern| pattern.parts().to_vec()).unwrap_or_default();
    vec![([day, clock].concat(), "")]
}

/// The times that may be the whole of `text`, which comes after a date.
fn times(text: &str) -> Vec<Vec<Part>> {
    if text.is_empty() {
        return vec![vec![]];
    }
    let mut rest = text;
    let mut parts: Vec<Part> = run(&mut rest, |c| "T ,:".contains(c)).chars().map(Part::Mark).collect();
    // A zone may follow a date without a time.
    if parts.is_empty() || parts.len() > 2 {
        return vec![];
    }
    let hour = digits(&mut rest);
    match (hour.len(), rest.starts_with(':')) {
        (1 | 2, true) => {
            parts.extend([Part::Hour(Zeros::Kept), Part::Mark(':'), Part::Minute]);
            rest = rest.trim_start_matches(':');
            digits(&mut rest);
            if let Some(mut after) = rest.strip_prefix(':') {
                parts.extend([Part::Mark(':'), Part::Second]);
                digits(&mut after);
                rest = after;
            }
        }
        (4, false) => parts.extend([Part::Hour(Zeros::Kept), Part::Minute]),
        (6, false) => parts.extend([Part::Hour(Zeros::Kept), Part::Minute, Part::Second]),
        _ => return vec![],
    }
    if parts.contains(&Part::Second) {
        if let Some(after) = rest.strip_prefix(',') {
            rest = after;
            let width = digits(&mut rest).len();
            parts.extend([Part::Mark(','), Part::Fraction(if width <= 3 { 3 } else { 6 })]);
        } else {
            // A later cell may have a fraction.
            rest = rest.strip_prefix('.').unwrap_or(rest);
            digits(&mut rest);
            parts.push(Part::PointFraction);
        }
    }
    zoned(parts, rest)
}

/// The half of the day and the zone after a time.
fn zoned(mut parts: Vec<Part>, mut rest: &str) -> Vec<Vec<Part>> {
    let blank = rest.starts_with(' ');
    let half = rest
        .trim_start()
        .get(..2)
        .is_some_and(|half| ["am", "pm"].contains(&half.to_ascii_lowercase().as_str()));
    if half {
        let hour = parts.iter().position(|part| matches!(part, Part::Hour(_)));
        if let Some(hour) = hour {
            parts[hour] = Part::HalfDayHour(Zeros::Kept);
        }
        parts.extend(blank.then_some(Part::Mark(' ')));
        parts.push(Part::HalfDay);
        rest = &rest.trim_start()[2..];
    }
    if rest.starts_with(' ') {
        parts.push(Part::Mark(' '));
        rest = rest.trim_start();
    }
    // Optional fractions and zones are read in whatever form they have.
    match rest {
        "" => {}
        "Z" => {
            let named = parts.clone().into_iter().chain([Part::Mark('Z')]).collect();
            parts.push(Part::ColonOffset);
            return vec![named, parts];
        }
        rest if rest.starts_with(['+', '-']) => {
            parts.push(if rest.contains(':') { Part::ColonOffset } else { Part::Offset });
        }
        rest if rest.starts_with(|c: char| c.is_ascii_uppercase()) => {
            let named = parts.clone().into_iter().chain(rest.chars().map(Part::Mark)).collect();
            let any = parts.into_iter().chain([Part::Zone]).collect();
            return vec![named, any];
        }
        _ => return vec![],
    }
    vec![parts]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cells: &[&str]) -> String {
        match detect(cells, 0.9) {
            None => "none".into(),
            Some(Found::One(pattern)) => pattern.to_string(),
            Some(Found::Ambiguous { day_first, month_first }) => format!("{day_first} or {month_first}"),
        }
    }

    #[test]
    fn the_format_is_found_from_the_whole_column() {
        let cases: [(&[&str], &str); 35] = [
            (&["2024-12-31", "2024-01-01"], "%Y-%m-%d"),
            (&["2024/1/5", "2024/12/31"], "%Y/%-m/%-d"),
            (&["2024-12-31T23:59:00", "2024-12-31T23:59:01"], "%Y-%m-%dT%H:%M:%S"),
            (&["2024-12-31 23:59", "2024-12-31 00:00"], "%Y-%m-%d %H:%M"),
            (&["2024-12-31 23:59:00.250", "2024-12-31 23:59:00.500"], "%Y-%m-%d %H:%M:%S.%3f"),
            (&["2024-12-31 23:59:00", "2024-12-31 23:59:00.5"], "%Y-%m-%d %H:%M:%S%.f"),
            (&["2024-12-31 23:59:00,123"], "%Y-%m-%d %H:%M:%S,%3f"),
            (&["2024-12-31T23:59:00Z"], "%Y-%m-%dT%H:%M:%SZ"),
            (&["2024-12-31T23:59:00Z", "2024-12-31T23:59:00+02:00"], "%Y-%m-%dT%H:%M:%S%:z"),
            (&["2024-10-27T03:00:00+0200", "2024-10-27T02:00:00+0100"], "%Y-%m-%dT%H:%M:%S%z"),
            (&["2024-12-31 23:59:00 UTC"], "%Y-%m-%d %H:%M:%S UTC"),
            (&["2024-03-31 01:59:00 CET", "2024-03-31 03:01:00 CEST"], "%Y-%m-%d %H:%M:%S %Z"),
            (&["31.12.2024", "1.2.2024"], "%-d.%-m.%Y"),
            (&["01.02.2024", "02.03.2024"], "%d.%m.%Y"),
            (&["12/31/2024", "01/02/2024"], "%m/%d/%Y"),
            (&["31/12/2024 23:59", "01/02/2024 00:00"], "%d/%m/%Y %H:%M"),
            (&["1/31/2024 9:05 PM", "1/5/2024 12:00 AM"], "%-m/%-d/%Y %-I:%M %p"),
            (&["31-Dec-2024", "01-Jan-2025"], "%d-%b-%Y"),
            (&["Dec 31, 2024", "Jan 1, 2025"], "%b %-d, %Y"),
            (&["31 December 2024", "1 July 2025"], "%-d %B %Y"),
            (&["31DEC2024"], "%d%^b%Y"),
            (&["31-MAY-2024", "01-MAR-2025"], "%d-%^b-%Y"),
            (&["MAY 31, 2024", "MARCH 1, 2025", "JUNE 2, 2025"], "%^B %-d, %Y"),
            (&["May 3, 2024 9:05 pm", "March 31, 2025 11:00 am"], "%B %-d, %Y %-I:%M %P"),
            (&["Tue, 31 Dec 2024 23:59:59 +0000"], "%a, %d %b %Y %H:%M:%S %z"),
            (&["Tue Dec 31 23:59:59 2024"], "%a %b %d %H:%M:%S %Y"),
            (&["31/Dec/2024:23:59:59 +0000"], "%d/%b/%Y:%H:%M:%S %z"),
            (&["2024-01", "1949-12"], "%Y-%m"),
            (&["12/2024"], "%m/%Y"),
            (&["Dec-24", "Jan-25"], "%b-%y"),
            (&["20241231T235959Z"], "%Y%m%dT%H%M%SZ"),
            (&["31.12.24", "01.01.25"], "%d.%m.%y"),
            (&["01/02/2024", "03/04/2024", "02/02/2024"], "%d/%m/%Y or %m/%d/%Y"),
            (&["01/31/2024", "02/29/2024", "soon"], "none"),
            (&["12:30", "13:45"], "none"),
        ];
        for (cells, expected) in cases {
            assert_eq!(found(cells), expected, "{cells:?}");
        }
    }

    #[test]
    fn the_order_of_the_rows_decides_between_day_and_month() {
        let days = ["01/02/2024", "02/02/2024", "03/02/2024", "01/03/2024"];
        assert_eq!(found(&days), "%d/%m/%Y");
        assert_eq!(found(&["01/11/2024", "01/12/2024", "02/01/2024"]), "%m/%d/%Y");
    }

    #[test]
    fn other_texts_are_no_dates() {
        let others =
            ["a", "1.2", "192.168.0.1", "10-12", "2024", "555-1234", "A4", "May", "1-2-3-4", "12 kg", ""];
        for other in others {
            assert_eq!(found(&[other]), "none", "{other}");
        }
    }
}
