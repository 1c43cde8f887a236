//! The condition of each row, for conditional models.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow_select::nullif::nullif;
use diabolo_stats::random::Stream;

use super::{Preprocessor, condition_shares, no_table};
use crate::names::some_names;
use crate::rows::Rows;
use crate::{Error, Feature, Result};

/// The codes of the levels of new rows, for each condition column.
type Codes = Vec<Vec<Option<usize>>>;

/// The encoded condition columns, inputs that the model does not reconstruct; a missing cell is all
/// zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Number of encoded columns.
    pub width: usize,
    /// Rows × width.
    pub values: Rows,
}

impl Condition {
    /// Selects rows, in the order of `chosen`; a row may be chosen several times.
    pub fn select(&self, chosen: &[usize]) -> Self {
        Condition { width: self.width, values: self.values.gather(chosen) }
    }
}

impl Preprocessor {
    /// Number of encoded condition columns; 0 without conditions.
    pub fn condition_width(&self) -> usize {
        self.condition.as_ref().map_or(0, |given| given.width())
    }

    /// The conditions of the rows of `batch`; `None` without condition columns.
    pub fn encode_condition(
        &self,
        input: &str,
        batch: &RecordBatch,
        first_row: u64,
    ) -> Result<Option<Condition>> {
        self.condition_of(input, batch, None, first_row)
    }

    /// The same of all or the `chosen` rows.
    pub(super) fn condition_of(
        &self,
        input: &str,
        batch: &RecordBatch,
        chosen: Option<&[usize]>,
        first_row: u64,
    ) -> Result<Option<Condition>> {
        let Some(given) = &self.condition else { return Ok(None) };
        let given = Preprocessor { unknown_category: self.unknown_category, ..given.as_ref().clone() };
        let encoded = given.encode_some(input, batch, chosen, first_row)?;
        Ok(Some(Condition { width: encoded.width, values: encoded.values }))
    }

    /// The condition of one new row, encoded and as columns; `None` if the model has none.
    ///
    /// `given` holds column names and their values. Of the other columns, categories are their
    /// first level, and numbers are missing.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if a column is not a condition or has no such category;
    /// [`Error::Data`] if its value is not a number.
    pub fn given(&self, given: &[(String, String)]) -> Result<Option<(Condition, RecordBatch)>> {
        let asked = self.asked(given)?;
        let first = |(code, feature): (&Option<usize>, &Feature)| {
            vec![code.or((!feature.kind.categories().is_empty()).then_some(0))]
        };
        let codes = asked.iter().zip(&self.schema.condition).map(first).collect();
        self.conditions(given, codes, 1)
    }

    /// The conditions of `count` new rows, as [`given`](Self::given) has them, where categories
    /// that are not given are drawn by their shares of the training rows: of all columns together,
    /// if rows share their combinations. For images, the rows are in the order of the levels, so
    /// that those of one level are beside each other on a sheet.
    ///
    /// # Errors
    /// As [`given`](Self::given).
    pub fn drawn_conditions(
        &self,
        given: &[(String, String)],
        count: usize,
        noise: &mut Stream,
    ) -> Result<Option<(Condition, RecordBatch)>> {
        let asked = self.asked(given)?;
        let mut codes: Codes = asked.iter().map(|code| vec![*code; count]).collect();
        let equal = match self.condition_shares.is_empty() {
            true => condition_shares::equal(&self.schema.condition),
            false => vec![],
        };
        for shares in self.condition_shares.iter().chain(&equal) {
            shares.draw(&asked, &mut codes, noise);
        }
        if self.schema.image_shape().is_some() {
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by_cached_key(|&row| codes.iter().map(|column| column[row]).collect::<Vec<_>>());
            for column in &mut codes {
                *column = order.iter().map(|&row| column[row]).collect();
            }
        }
        self.conditions(given, codes, count)
    }

    /// The condition columns of numbers that are not given, which new rows therefore lack.
    pub fn conditions_left_missing(&self, given: &[(String, String)]) -> Vec<&str> {
        let numbers = self.schema.condition.iter().filter(|feature| feature.kind.categories().is_empty());
        let missing = numbers.filter(|feature| asked_of(given, feature).is_none());
        missing.map(|feature| feature.name.as_str()).collect()
    }

    /// The code of each condition column that is given, if it has levels.
    fn asked(&self, given: &[(String, String)]) -> Result<Vec<Option<usize>>> {
        let conditions = &self.schema.condition;
        if let Some((other, _)) = given.iter().find(|(name, _)| conditions.iter().all(|f| f.name != *name)) {
            let known: Vec<&str> = conditions.iter().map(|feature| feature.name.as_str()).collect();
            let expected = match known.as_slice() {
                [] => "none: the model was fitted without --condition".to_string(),
                known => format!("conditions of the model: {}", known.join(", ")),
            };
            return Err(Error::invalid_value("--where", expected, other));
        }
        let code = |feature: &Feature| {
            let levels = feature.kind.categories();
            let Some((name, value)) = asked_of(given, feature).filter(|_| !levels.is_empty()) else {
                return Ok(None);
            };
            let wrong = || {
                let expected = format!("one of {}", some_names(levels.iter().map(String::as_str)));
                Error::invalid_value(format!("--where {name}"), expected, value)
            };
            levels.iter().position(|level| level == value).map(Some).ok_or_else(wrong)
        };
        conditions.iter().map(code).collect()
    }

    /// The conditions of rows with these codes of levels, and with the given numbers.
    fn conditions(
        &self,
        given: &[(String, String)],
        codes: Codes,
        count: usize,
    ) -> Result<Option<(Condition, RecordBatch)>> {
        let Some(condition) = &self.condition else { return Ok(None) };
        let gaps: Vec<BooleanArray> =
            codes.iter().map(|codes| codes.iter().map(|code| Some(code.is_none())).collect()).collect();
        let columns = self.schema.condition.iter().zip(codes).map(|(feature, codes)| {
            let levels = feature.kind.categories();
            let number = asked_of(given, feature).map(|(_, value)| value.as_str());
            let cell = |row: usize| match levels {
                [] => number,
                levels => codes[row].map(|code| levels[code].as_str()),
            };
            let column: StringArray = (0..count).map(cell).collect();
            (feature.name.clone(), Arc::new(column) as ArrayRef, true)
        });
        let table = RecordBatch::try_from_iter_with_nullable(columns).map_err(no_table)?;
        let encoded = condition.encode("--where", &table, 0)?;
        let decoded = condition.decode(&encoded.values)?;
        // A requested number is written as given, not rounded to single precision.
        let exact = |name: &str, column: &ArrayRef| {
            let asked = given.iter().any(|(asked, _)| asked == name);
            let text = table.column_by_name(name).filter(|_| asked);
            let number = text.and_then(|text| arrow_cast::cast(text, column.data_type()).ok());
            // Text that is not such a number is cast to a missing cell.
            number.filter(|number| number.null_count() == 0).unwrap_or(column.clone())
        };
        let fields = decoded.schema();
        let columns = fields.fields().iter().zip(decoded.columns());
        let columns = columns.map(|(field, column)| exact(field.name(), column));
        // A missing level is decoded as the first one, and a missing number as the mean.
        let columns = columns.zip(&gaps).zip(&self.schema.condition);
        let columns = columns.map(|((column, gaps), feature)| match feature.kind.categories() {
            [] if asked_of(given, feature).is_some() => Ok(column),
            _ => nullif(&column, gaps),
        });
        let columns = columns.collect::<std::result::Result<_, _>>().map_err(no_table)?;
        let said = RecordBatch::try_new(fields, columns).map_err(no_table)?;
        Ok(Some((Condition { width: encoded.width, values: encoded.values }, said)))
    }
}

/// What is given for a column: the last one counts.
fn asked_of<'a>(given: &'a [(String, String)], feature: &Feature) -> Option<&'a (String, String)> {
    given.iter().rev().find(|(name, _)| *name == feature.name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use diabolo_stats::random::{Purpose, stream};

    use super::*;
    use crate::{InferOptions, PreprocessConfig, infer};

    /// A preprocessor with these condition columns.
    fn fitted(columns: Vec<(&str, Vec<Option<String>>)>) -> Preprocessor {
        let names: Vec<String> = columns.iter().map(|(name, _)| name.to_string()).collect();
        let rows = columns[0].1.len();
        let x: ArrayRef =
            Arc::new((0..rows).map(|k| Some(k as f64 / 7.0)).collect::<arrow_array::Float64Array>());
        let columns = columns
            .into_iter()
            .map(|(name, cells)| (name, Arc::new(StringArray::from(cells)) as ArrayRef, true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns.chain([("x", x, true)])).unwrap();
        let options = InferOptions { condition: names, ..InferOptions::default() };
        let schema = infer("t", &batch, &options).unwrap().schema;
        let training: Vec<usize> = (0..rows).collect();
        Preprocessor::fit("t", schema, &batch, &training, &PreprocessConfig::default()).unwrap().0
    }

    /// How often each combination of cells is drawn.
    fn drawn(
        preprocessor: &Preprocessor,
        given: &[(&str, &str)],
    ) -> std::collections::BTreeMap<String, usize> {
        let given: Vec<_> = given.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
        let noise = &mut stream(3, Purpose::DrawnConditions, 0, 0);
        let (_, said) = preprocessor.drawn_conditions(&given, 10_000, noise).unwrap().unwrap();
        let texts: Vec<_> = said.columns().iter().map(crate::synthetic::cell_texts).collect();
        let mut counts = std::collections::BTreeMap::new();
        for row in 0..10_000 {
            let cell = |t: &StringArray| if t.is_null(row) { "-".into() } else { t.value(row).to_string() };
            *counts.entry(texts.iter().map(cell).collect::<Vec<_>>().join(" ")).or_default() += 1;
        }
        counts
    }

    #[test]
    fn conditions_have_their_shares_and_keep_their_combinations() {
        // 60 % Paris in FR, 30 % Nice in FR, 5 % Rome in IT, 5 % missing in IT.
        let city = |k: usize| match k % 20 {
            0..12 => Some("Paris"),
            12..18 => Some("Nice"),
            18 => Some("Rome"),
            _ => None,
        };
        let country = |k: usize| Some(if k % 20 < 18 { "FR" } else { "IT" });
        let text = |cell: Option<&str>| cell.map(String::from);
        let cells =
            |of: &dyn Fn(usize) -> Option<&'static str>| (0..400).map(|k| text(of(k))).collect::<Vec<_>>();
        let both = fitted(vec![("city", cells(&city)), ("country", cells(&country))]);
        let counts = drawn(&both, &[]);
        assert_eq!(counts.keys().collect::<Vec<_>>(), ["- IT", "Nice FR", "Paris FR", "Rome IT"]);
        for (name, share) in [("Paris FR", 0.6), ("Nice FR", 0.3), ("Rome IT", 0.05), ("- IT", 0.05)] {
            let found = counts[name] as f64 / 10_000.0;
            assert!(
                (found - share).abs() < 4.0 * (share * (1.0 - share) / 10_000.0f64).sqrt(),
                "{name} {found}"
            );
        }
        let counts = drawn(&both, &[("country", "FR")]);
        assert_eq!(counts.keys().collect::<Vec<_>>(), ["Nice FR", "Paris FR"]);
        // A combination that no row has is drawn if both are given, or with any other level.
        assert_eq!(drawn(&both, &[("country", "IT"), ("city", "Nice")])["Nice IT"], 10_000);
    }

    #[test]
    fn combinations_of_few_rows_are_not_kept() {
        let a = |k: usize| Some(format!("a{}", k % 40));
        let b = |k: usize| Some(format!("b{}", k * 7 / 40 % 50));
        let columns = vec![("a", (0..400).map(a).collect::<Vec<_>>()), ("b", (0..400).map(b).collect())];
        let shares = fitted(columns).condition_shares;
        assert_eq!(shares.len(), 2, "each column alone");
        let file = serde_json::to_string(&shares).unwrap();
        assert!(file.contains("\"columns\":[0]") && file.contains("\"columns\":[1]"), "{file}");
    }

    #[test]
    fn levels_of_combinations_that_are_not_kept_are_drawn() {
        // Few enough levels for no pool. In half of the rows, "b" with levels of which no two rows
        // have the same.
        let a = |k: usize| Some(if k.is_multiple_of(2) { "a" } else { "b" }.to_string());
        let c = |k: usize| Some(if k.is_multiple_of(2) { "c0".to_string() } else { format!("c{k}") });
        let columns = vec![("a", (0..180).map(a).collect::<Vec<_>>()), ("c", (0..180).map(c).collect())];
        let both = fitted(columns);
        assert_eq!(both.condition_shares.len(), 1, "together");
        let counts = drawn(&both, &[]);
        let of = |level: &str| {
            let rows = counts.iter().filter(|(name, _)| name.split(' ').any(|one| one == level));
            rows.map(|(_, rows)| rows).sum::<usize>()
        };
        assert!((4700..5300).contains(&of("b")) && (4700..5300).contains(&of("c0")), "{counts:?}");
        assert!(of("c7") > 5 && of("a") + of("b") == 10_000 && !counts.contains_key("a c7"));
        let counts = drawn(&both, &[("c", "c7")]);
        assert_eq!(counts.keys().collect::<Vec<_>>(), ["b c7"]);
        let file = serde_json::to_string(&both).unwrap();
        assert_eq!(serde_json::from_str::<Preprocessor>(&file).unwrap(), both);
        assert!(serde_json::from_str::<Preprocessor>(&file.replace("[[[1],90]]", "[[[2],90]]")).is_err());
    }

    #[test]
    fn shares_of_a_file_are_checked_and_may_be_lacking() {
        let cells: Vec<_> = (0..90).map(|k| Some(if k % 9 == 0 { "b" } else { "a" }.to_string())).collect();
        let own = fitted(vec![("c", cells)]);
        let file = serde_json::to_value(&own).unwrap();
        let read = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut file = file.clone();
            change(&mut file);
            serde_json::from_value::<Preprocessor>(file)
        };
        assert_eq!(read(&|_| ()).unwrap(), own);
        let bad = ["[[[2],10]]", "[[[0],0]]", "[[[0,1],10]]", "[]", "[[[0],18446744073709551615],[[1],1]]"];
        for bad in bad {
            let rows: serde_json::Value = serde_json::from_str(bad).unwrap();
            let error = read(&|file| file["condition_shares"][0]["rows"] = rows.clone()).unwrap_err();
            assert!(error.to_string().contains("shares of the conditions"), "{bad}: {error}");
        }
        let other = read(&|file| file["condition_shares"][0]["columns"] = serde_json::json!([1]));
        assert!(other.is_err());
        let old = read(&|file| drop(file.as_object_mut().unwrap().remove("condition_shares"))).unwrap();
        let counts = drawn(&old, &[]);
        assert!((4700..5300).contains(&counts["a"]) && counts["a"] + counts["b"] == 10_000, "{counts:?}");
    }
}
