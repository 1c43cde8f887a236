//! The cells of a column of any stored type as text; nothing a file can hold is an error.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::timezone::Tz;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, StringArray, make_array};
use arrow_cast::cast;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Field, FieldRef};

/// A cell as text, empty if it is missing; times in a zone that is not known here are those of UTC.
pub fn cell_text(array: &ArrayRef, row: usize) -> String {
    let (cells, mut text) = (Cells::of(&array.slice(row, 1)), String::new());
    cells.writer().write(0, &mut text);
    text
}

/// A column whose cells can be written as text.
pub(crate) struct Cells {
    array: ArrayRef,
    /// The numbers behind dates and times, for those that no calendar holds.
    numbers: Option<ArrayRef>,
}

/// Writes cells of a [`Cells`].
pub(crate) struct CellWriter<'a> {
    formatter: Option<ArrayFormatter<'a>>,
    numbers: Option<&'a ArrayRef>,
}

impl Cells {
    pub fn of(array: &ArrayRef) -> Self {
        let temporal = array.data_type().is_temporal();
        let numbers = temporal.then(|| cast(array, &DataType::Int64).ok()).flatten();
        Cells { array: in_known_zones(array), numbers }
    }

    pub fn writer(&self) -> CellWriter<'_> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_null("");
        const STRICT: FormatOptions<'static> = OPTIONS.with_display_error(false);
        let options = if self.numbers.is_some() { &STRICT } else { &OPTIONS };
        let formatter = ArrayFormatter::try_new(self.array.as_ref(), options).ok();
        CellWriter { formatter, numbers: self.numbers.as_ref() }
    }

    /// All cells, null where missing.
    pub fn texts(&self) -> StringArray {
        if let Some(texts) = self.array.as_string_opt::<i32>() {
            return texts.clone();
        }
        let (writer, missing, mut text) = (self.writer(), self.array.logical_nulls(), String::new());
        let cell = |row: usize| {
            text.clear();
            writer.write(row, &mut text);
            missing.as_ref().is_none_or(|nulls| nulls.is_valid(row)).then(|| text.clone())
        };
        (0..self.array.len()).map(cell).collect()
    }
}

impl CellWriter<'_> {
    /// Appends a cell, nothing if it is missing.
    pub fn write(&self, row: usize, text: &mut String) {
        let start = text.len();
        if self.formatter.as_ref().is_some_and(|cells| write!(text, "{}", cells.value(row)).is_ok()) {
            return;
        }
        text.truncate(start);
        if let Some(numbers) = self.numbers.filter(|numbers| numbers.is_valid(row)) {
            text.push_str(&numbers.as_primitive::<Int64Type>().value(row).to_string());
        }
    }
}

/// The same instants in UTC where the zone has a name that is not known here, also within lists and
/// structures.
fn in_known_zones(array: &ArrayRef) -> ArrayRef {
    let Cow::Owned(known) = known_zones(array.data_type()) else { return array.clone() };
    let data = array.to_data();
    let children = data.child_data().iter().map(|child| in_known_zones(&make_array(child.clone())).to_data());
    let children = children.collect();
    let made = data.into_builder().data_type(known).child_data(children).build();
    made.map_or_else(|_| array.clone(), make_array)
}

fn known_zones(data_type: &DataType) -> Cow<'_, DataType> {
    let field = |field: &FieldRef| -> Option<FieldRef> {
        let known = known_zones(field.data_type());
        let own = matches!(known, Cow::Owned(_));
        own.then(|| Arc::new(Field::clone(field).with_data_type(known.into_owned())))
    };
    let known = match data_type {
        DataType::Timestamp(unit, Some(zone)) if zone.parse::<Tz>().is_err() => {
            Some(DataType::Timestamp(*unit, Some("+00:00".into())))
        }
        DataType::List(item) => field(item).map(DataType::List),
        DataType::LargeList(item) => field(item).map(DataType::LargeList),
        DataType::FixedSizeList(item, size) => field(item).map(|item| DataType::FixedSizeList(item, *size)),
        DataType::Map(entries, sorted) => field(entries).map(|entries| DataType::Map(entries, *sorted)),
        DataType::RunEndEncoded(ends, values) => {
            field(values).map(|values| DataType::RunEndEncoded(ends.clone(), values))
        }
        DataType::Dictionary(key, values) => match known_zones(values) {
            Cow::Owned(values) => Some(DataType::Dictionary(key.clone(), Box::new(values))),
            Cow::Borrowed(_) => None,
        },
        DataType::Struct(fields) if fields.iter().any(|inner| field(inner).is_some()) => {
            let fields = fields.iter().map(|inner| field(inner).unwrap_or_else(|| inner.clone()));
            Some(DataType::Struct(fields.collect()))
        }
        _ => None,
    };
    known.map_or(Cow::Borrowed(data_type), Cow::Owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow_array::types::Int32Type;
    use arrow_array::{
        Date32Array, Decimal128Array, DictionaryArray, Float32Array, ListArray, NullArray,
        TimestampMicrosecondArray, UInt64Array,
    };

    use super::*;

    fn texts(array: impl Array + 'static) -> Vec<Option<String>> {
        let array: ArrayRef = Arc::new(array);
        Cells::of(&array).texts().iter().map(|text| text.map(str::to_string)).collect()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_string())
    }

    #[test]
    fn any_type_has_a_text() {
        assert_eq!(
            texts(UInt64Array::from(vec![Some(u64::MAX), None])),
            [some("18446744073709551615"), None]
        );
        let decimals = Decimal128Array::from(vec![12_345_678_901_234_567_890, 150]);
        let decimals = decimals.with_precision_and_scale(38, 2).unwrap();
        assert_eq!(texts(decimals), [some("123456789012345678.90"), some("1.50")]);
        assert_eq!(texts(Float32Array::from(vec![0.1])), [some("0.1")]);
        assert_eq!(texts(NullArray::new(1)), [None]);
        let words: DictionaryArray<Int32Type> = [Some("b"), None, Some("b")].into_iter().collect();
        assert_eq!(texts(words), [some("b"), None, some("b")]);
    }

    #[test]
    fn zones_with_names_and_dates_beyond_the_calendar_are_no_errors() {
        let noon = || TimestampMicrosecondArray::from(vec![Some(43_200_000_000), None]);
        for zone in ["UTC", "Mars/Olympus"] {
            assert_eq!(texts(noon().with_timezone(zone)), [some("1970-01-01T12:00:00Z"), None]);
            let cells: ArrayRef = Arc::new(noon().with_timezone(zone));
            assert_eq!([cell_text(&cells, 0), cell_text(&cells, 1)], ["1970-01-01T12:00:00Z", ""]);
        }
        assert_eq!(texts(noon().with_timezone("+02:00"))[0], some("1970-01-01T14:00:00+02:00"));
        assert_eq!(texts(TimestampMicrosecondArray::from(vec![i64::MAX]))[0], some(&i64::MAX.to_string()));
        assert_eq!(texts(Date32Array::from(vec![Some(i32::MAX), None])), [some("2147483647"), None]);

        let times: ArrayRef = Arc::new(noon().with_timezone("UTC"));
        let item = Arc::new(Field::new_list_field(times.data_type().clone(), true));
        let list = ListArray::new(item, arrow_buffer::OffsetBuffer::from_lengths([2]), times, None);
        assert_eq!(texts(list), [some("[1970-01-01T12:00:00Z, ]")]);
    }
}
