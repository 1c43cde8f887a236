//! Conditions on synthetic rows: `income=>50K`, `age>=65`.

use std::collections::HashSet;

use crate::data::synthetic::{NumberScale, Order, Part, TableCodec};
use crate::model::synthetic::PartCondition;
use crate::{Error, Result};

/// How a cell is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    Different,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `<`
    Below,
}

use Comparison::{Above, AtLeast, AtMost, Below, Different, Equal};

/// The signs, longer ones first.
const SIGNS: [(&str, Comparison); 6] =
    [("!=", Different), (">=", AtLeast), ("<=", AtMost), ("=", Equal), (">", Above), ("<", Below)];

/// A condition on a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    /// The column.
    pub column: String,
    /// How its cells are compared.
    pub comparison: Comparison,
    /// The value, as the file writes it; empty for a missing cell, however that is written.
    pub value: String,
}

impl Requirement {
    /// From a text such as `age>=65`; a name may contain a sign.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if no column is named.
    pub fn parse<'a>(text: &str, columns: impl Iterator<Item = &'a str> + Clone) -> Result<Self> {
        let named = columns.clone().filter(|name| text.starts_with(name)).max_by_key(|name| name.len());
        let found = named.and_then(|name| {
            let rest = text[name.len()..].trim_start();
            let (sign, comparison) = SIGNS.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
            let value = rest[sign.len()..].trim().to_string();
            Some(Requirement { column: name.into(), comparison, value })
        });
        found.ok_or_else(|| {
            let names = columns.collect::<Vec<_>>().join(", ");
            let expected = format!("COLUMN=VALUE or COLUMN>=NUMBER with one of {names}");
            Error::invalid_value("--where", expected, format!("'{text}'"))
        })
    }

    /// Whether a text fits, without regard to numbers and to blanks around it.
    fn fits_text(&self, text: &str) -> bool {
        match self.comparison {
            Equal => text.trim() == self.value.trim(),
            Different => text.trim() != self.value.trim(),
            _ => true,
        }
    }

    /// An error for a comparison of a column with what is no number of it.
    fn refuse_incomparable(&self, value: Option<f64>) -> Result<()> {
        if value.is_some() || matches!(self.comparison, Equal | Different) {
            return Ok(());
        }
        let expected = format!("a number or a date that '{}' can be compared with", self.column);
        Err(Error::invalid_value("--where", expected, format!("'{}'", self.value)))
    }

    /// Whether a cell fits; its number is NaN if it has none.
    pub(super) fn fits(&self, cell: &Seen, value: Option<f64>) -> bool {
        let x = cell.x;
        match (self.comparison, value) {
            (Equal | Different, _) if self.value.trim().is_empty() => {
                cell.is_missing == (self.comparison == Equal)
            }
            (Equal, Some(value)) if !x.is_nan() => x == value,
            (Different, Some(value)) if !x.is_nan() => x != value,
            (Equal | Different, _) => self.fits_text(cell.text.unwrap_or_default()),
            (AtLeast, Some(value)) => x >= value,
            (AtMost, Some(value)) => x <= value,
            (Above, Some(value)) => x > value,
            (Below, Some(value)) => x < value,
            (_, None) => false,
        }
    }
}

/// A cell as a requirement sees it.
pub(super) struct Seen<'a> {
    /// What the file writes; `None` for nothing, and for numbers that are no levels.
    pub text: Option<&'a str>,
    pub x: f64,
    pub is_missing: bool,
}

impl Seen<'_> {
    /// A number that is no level.
    fn number(x: f64) -> Self {
        Seen { text: None, x, is_missing: false }
    }
}

/// What a part must be, and which of its levels fit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PartRequirement {
    pub condition: PartCondition,
    /// For each of [`Part::all_levels`].
    pub levels: Vec<bool>,
    /// What numbers must be, exactly, with the values that they are compared with.
    numbers: Vec<(Requirement, Option<f64>)>,
}

impl PartRequirement {
    /// Whether a drawn number fits: a range of scores leaves out no single number, and has rounded
    /// ends.
    pub fn fits_number(&self, x: f64) -> bool {
        self.numbers.iter().all(|(requirement, value)| requirement.fits(&Seen::number(x), *value))
    }
}

/// What a column must be that is never below others.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OrderedRequirement {
    /// Which of the codec's.
    pub order: usize,
    requirement: Requirement,
    value: Option<f64>,
}

impl OrderedRequirement {
    /// Whether a number of the column fits; NaN is a missing cell.
    pub fn fits(&self, order: &Order, x: f64) -> bool {
        let cell = match x.is_nan() {
            true => Seen { text: order.missing(), x, is_missing: true },
            false => Seen::number(x),
        };
        self.requirement.fits(&cell, self.value)
    }
}

/// What rows must be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// What is required of each part.
    pub parts: Vec<Option<PartRequirement>>,
    /// What is required of columns that are never below others.
    pub ordered: Vec<OrderedRequirement>,
}

impl Wanted {
    /// Whether every row will do.
    pub fn is_anything(&self) -> bool {
        self.parts.iter().all(Option::is_none) && self.ordered.is_empty()
    }
}

/// What requirements mean for the parts and columns of a codec.
pub(super) fn wanted(codec: &TableCodec, all: &[Requirement]) -> Result<Wanted> {
    let is_ordered = |one: &&Requirement| codec.orders.iter().any(|order| order.name() == one.column);
    let (of_orders, of_parts): (Vec<&Requirement>, Vec<&Requirement>) = all.iter().partition(is_ordered);
    let ordered = |requirement: &Requirement| {
        let order = codec.orders.iter().position(|order| order.name() == requirement.column).unwrap_or(0);
        let value = codec.orders[order].number(&requirement.value);
        requirement.refuse_incomparable(value)?;
        Ok(OrderedRequirement { order, requirement: requirement.clone(), value })
    };
    let ordered = of_orders.into_iter().map(ordered).collect::<Result<_>>()?;
    Ok(Wanted { parts: parts(codec, &of_parts)?, ordered })
}

/// The part and the member of a column; `flag` names it.
pub(super) fn place(codec: &TableCodec, column: &str, flag: &str) -> Result<(usize, usize)> {
    codec.place(column).ok_or_else(|| {
        let names = codec.columns().filter(|name| codec.place(name).is_some()).collect::<Vec<_>>().join(", ");
        Error::invalid_value(flag, format!("one of the columns {names}"), format!("'{column}'"))
    })
}

/// The requirements of every part.
fn parts(codec: &TableCodec, all: &[&Requirement]) -> Result<Vec<Option<PartRequirement>>> {
    let mut parts: Vec<Option<PartRequirement>> = vec![None; codec.parts.len()];
    for requirement in all {
        let (at, member) = place(codec, &requirement.column, "--where")?;
        let part = &codec.parts[at];
        let slot = parts[at].get_or_insert_with(|| anything(part));
        restrict(slot, part, member, requirement)?;
        settle(slot, part);
        if slot.condition.codes.iter().all(|share| *share == 0.0) {
            let Requirement { column, value, .. } = requirement;
            // A level of one column is in several of a part of more.
            let levels = part.levels.iter().filter_map(|level| level[member].clone());
            let mut seen = HashSet::new();
            let mut has: Vec<String> = levels.filter(|level| seen.insert(level.clone())).take(8).collect();
            if let Some([least, most]) = part.numbers.as_ref().map(NumberScale::range) {
                has.push(format!("numbers from {} to {}", part.text(least), part.text(most)));
            }
            let expected = format!("a value that '{column}' has, such as {}", has.join(", "));
            return Err(Error::invalid_value("--where", expected, format!("'{value}'")));
        }
    }
    Ok(parts)
}

/// A requirement that everything fulfils.
fn anything(part: &Part) -> PartRequirement {
    let condition =
        PartCondition { codes: vec![1.0; part.codes()], scores: [f32::NEG_INFINITY, f32::INFINITY] };
    PartRequirement { condition, levels: vec![true; part.all_levels().count()], numbers: vec![] }
}

/// Leaves what fits one more condition.
fn restrict(slot: &mut PartRequirement, part: &Part, member: usize, requirement: &Requirement) -> Result<()> {
    let value = part.number(member, &requirement.value);
    requirement.refuse_incomparable(value)?;
    let levels = part.all_levels().zip(part.values(member)).zip(part.missing(member));
    for (fits, ((level, x), is_missing)) in slot.levels.iter_mut().zip(levels) {
        *fits &= requirement.fits(&Seen { text: level[member].as_deref(), x, is_missing }, value);
    }
    if let (Some(numbers), Some(code)) = (&part.numbers, part.number_code()) {
        let range = match (requirement.comparison, value) {
            (Different, _) => None,
            (Equal, None) => {
                slot.condition.codes[code] = 0.0;
                None
            }
            (Equal, Some(value)) => Some([value, value]),
            (AtLeast, Some(value)) => Some([value, f64::INFINITY]),
            (Above, Some(value)) => Some([numbers.next(value), f64::INFINITY]),
            (AtMost, Some(value)) => Some([f64::NEG_INFINITY, value]),
            (Below, Some(value)) => Some([f64::NEG_INFINITY, numbers.before(value)]),
            (_, None) => None,
        };
        if let Some([low, high]) = range {
            // No score lies between equal ones.
            let [low, high] = numbers.scores_between(low, high).unwrap_or([0.0, 0.0]);
            let [least, most] = slot.condition.scores;
            slot.condition.scores = [least.max(low), most.min(high)];
        }
        slot.numbers.push((requirement.clone(), value));
        if slot.condition.scores[0] >= slot.condition.scores[1] {
            slot.condition.codes[code] = 0.0;
        }
    }
    Ok(())
}

/// The shares of the codes by the levels that fit.
fn settle(slot: &mut PartRequirement, part: &Part) {
    let levels = part.levels.len();
    for (share, fits) in slot.condition.codes.iter_mut().zip(&slot.levels[..levels]) {
        *share = f64::from(u8::from(*fits));
    }
    if let Some(code) = part.pool_code() {
        let rows = |fitting: bool| {
            let fit = part.pool.iter().zip(&slot.levels[levels..]);
            fit.filter(|(_, fits)| !fitting || **fits).map(|((_, rows), _)| *rows as f64).sum::<f64>()
        };
        slot.condition.codes[code] = rows(true) / rows(false);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn conditions_are_read_with_any_sign() {
        let columns = ["age", "income", "income=net"];
        let of = |text: &str| Requirement::parse(text, columns.into_iter()).unwrap();
        assert_eq!(of("income=>50K").value, ">50K");
        assert_eq!((of("age >= 65").comparison, of("age>=65").value), (AtLeast, "65".to_string()));
        assert_eq!(
            (of("income=net<7").column, of("age!=3").comparison),
            ("income=net".to_string(), Different)
        );
        assert!(Requirement::parse("height>3", columns.into_iter()).is_err());
        let below = of("age<65");
        assert!(below.fits(&Seen::number(64.0), Some(65.0)) && !below.fits(&Seen::number(65.0), Some(65.0)));
    }

    #[test]
    fn a_missing_cell_is_known_by_its_own_word_and_by_none() {
        let of = |text: &str| Requirement::parse(text, ["end"].into_iter()).unwrap();
        let missing = |text| Seen { text, x: f64::NAN, is_missing: true };
        let cells = [missing(Some("?")), missing(None), Seen::number(3.0)];
        let fits = |text: &str, value| cells.each_ref().map(|cell| of(text).fits(cell, value));
        assert_eq!(fits("end=", None), [true, true, false]);
        assert_eq!(fits("end!=", None), [false, false, true]);
        assert_eq!(fits("end=?", None), [true, false, false]);
        assert_eq!(fits("end!=?", None), [false, true, true]);
        assert_eq!(fits("end=3", Some(3.0)), [false, false, true]);
        assert_eq!(fits("end<3", Some(3.0)), [false; 3]);
    }
}
