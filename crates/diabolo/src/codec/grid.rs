//! Numbers as points of a decimal grid: value = k / 10^decimals with a whole k, or one that is a
//! multiple of a step; or as whole numbers in the order of numbers of [`floating`] precision.
//!
//! A cell is on the grid only if writing its k gives the same bytes: `007`, `1.50` among shortest
//! numbers, −0 and NaN are not.

use super::floating;
use super::wire::{Malformed, Unread, put_number};
use crate::stats::elementary::double::{ln, log2, powi};

/// How a cell writes a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Text with exactly the decimals of the grid.
    FixedText,
    /// Text without trailing zeros.
    ShortText,
    /// A signed integer of so many bytes.
    Signed(u8),
    /// An unsigned one.
    Unsigned(u8),
    Single,
    Double,
    /// Text as `1.50e-03`, or with a capital E.
    Scientific {
        upper: bool,
    },
    /// A number of single or double precision by its bits.
    SingleBits,
    DoubleBits,
}

impl Style {
    /// The number of a cell of this style that is no text.
    pub fn number(self, cell: &[u8]) -> Option<f64> {
        match self {
            Style::FixedText | Style::ShortText | Style::Scientific { .. } => None,
            Style::Signed(_) | Style::Unsigned(_) => self.integer(cell).map(|k| k as f64),
            Style::Single | Style::SingleBits => Some(f64::from(f32::from_le_bytes(cell.try_into().ok()?))),
            Style::Double | Style::DoubleBits => Some(f64::from_le_bytes(cell.try_into().ok()?)),
        }
    }

    /// Whether points are of floating precision.
    pub fn is_floating(self) -> bool {
        matches!(self, Style::Scientific { .. } | Style::SingleBits | Style::DoubleBits)
    }

    /// The whole number of a cell of an integer style, up to 2⁶³ − 1.
    pub fn integer(self, cell: &[u8]) -> Option<i64> {
        let is_signed = match self {
            Style::Signed(_) => true,
            Style::Unsigned(_) => false,
            _ => return None,
        };
        let mut bytes = [0; 8];
        bytes.get_mut(..cell.len())?.copy_from_slice(cell);
        let (wide, lost) = (i64::from_le_bytes(bytes), 64 - 8 * cell.len() as u32);
        if is_signed { Some(wide << lost >> lost) } else { Some(wide).filter(|k| *k >= 0) }
    }
}

/// The unit of a coarser grid: so many of the last decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    decimals: u8,
    step: u64,
}

impl Unit {
    /// The largest unit of which no number is farther than `bound` from a multiple; see
    /// [`bounds`](super::bounds). None if it is that of the fine grid.
    pub fn within(bound: f64, fine: Option<Grid>) -> Option<Self> {
        const MOST: f64 = 1e15;
        let wanted =
            (2.0 - ln(bound) / std::f64::consts::LN_10).ceil().clamp(0.0, f64::from(MOST_DECIMALS)) as u8;
        let units = |decimals: u8| bound * powi(10.0, i32::from(decimals));
        let own = fine.map(|grid| grid.decimals).filter(|decimals| *decimals <= wanted);
        let (decimals, step) = match own {
            Some(decimals) => (decimals, 2.0 * units(decimals).floor() + 1.0),
            None => (wanted, (2.0 * units(wanted)).floor()),
        };
        let mut unit = Unit { decimals, step: (1.0..MOST).contains(&step).then_some(step as u64)? };
        // A text with fixed decimals keeps them.
        if let Some(fixed) = fine.filter(|grid| grid.style == Style::FixedText).map(|grid| grid.decimals) {
            unit.step = unit.step.checked_mul(10u64.checked_pow(u32::from(fixed - decimals))?)?;
            unit.decimals = fixed;
        }
        (unit.step > 1 && unit.step < 1 << 62).then_some(unit)
    }

    /// The cell of the nearest multiple.
    pub fn nearest(self, style: Style, x: f64) -> Option<Vec<u8>> {
        let k = (x * powi(10.0, i32::from(self.decimals)) / self.step as f64).round() * self.step as f64;
        let grid = Grid { style, decimals: self.decimals, step: self.step, low: 0, span: 0 };
        (k.abs() < 1e15).then(|| grid.written(k as i64))
    }
}

const MOST_DECIMALS: u8 = 15;
const MOST_SPAN: u64 = u64::MAX >> 1;
/// The guessed cost of a cell that is not on the grid.
const BITS_OF_OTHER: f64 = 64.0;
/// The bit of a style that says that a step follows.
const WITH_STEP: u8 = 8;
/// Groups of points, each one cell of a model.
const GROUP_BITS: u32 = 16;

/// A grid from its lowest point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub style: Style,
    decimals: u8,
    /// Points are multiples of it.
    step: u64,
    low: i64,
    /// The steps from the lowest to the highest point.
    span: u64,
}

impl Grid {
    /// The grid that most of the cells are on, with how often each occurs, and on which they cost
    /// least; none if it is less than half of them. Its points are multiples of the unit, if there
    /// is one.
    pub fn of<'a>(
        styles: &[Style],
        unit: Option<Unit>,
        cells: impl Iterator<Item = (&'a [u8], u64)> + Clone,
    ) -> Option<Self> {
        let all: u64 = cells.clone().map(|(_, count)| count).sum();
        let styles = styles.iter().filter(|style| unit.is_none() || !style.is_floating());
        let costs = styles.filter_map(|&style| {
            let Unit { decimals, step } =
                unit.unwrap_or_else(|| Unit { decimals: decimals(style, cells.clone()), step: 1 });
            let grid = Grid { style, decimals, step, low: i64::MIN, span: u64::MAX };
            let on = cells.clone().filter_map(|(cell, count)| Some((grid.point(cell)?, count)));
            let fitting: u64 = on.clone().map(|(_, count)| count).sum();
            let (low, high) = (on.clone().map(|(k, _)| k).min()?, on.clone().map(|(k, _)| k).max()?);
            let grid = Grid { low, span: high.abs_diff(low) / step, ..grid };
            let is_one = 2 * fitting > all && grid.span <= MOST_SPAN;
            is_one.then(|| (grid.bits(on) + (all - fitting) as f64 * BITS_OF_OTHER, grid))
        });
        costs.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, grid)| grid)
    }

    /// The bits of these points if they were spread evenly around their mean, as their deviation
    /// says.
    fn bits(&self, points: impl Iterator<Item = (i64, u64)>) -> f64 {
        let [mut count, mut sum, mut squares, mut bits] = [0.0; 4];
        for (k, times) in points {
            let (times, x, next) =
                (times as f64, self.value(k), self.value(k.saturating_add(self.step as i64)));
            bits -= times * log2((next - x).max(f64::MIN_POSITIVE));
            (count, sum, squares) = (count + times, sum + times * x, squares + times * x * x);
        }
        let variance = (squares / count - sum * sum / (count * count)).max(f64::MIN_POSITIVE);
        bits + count * 0.5 * log2(12.0 * variance)
    }

    /// The point of a cell, from 0.
    pub fn place(&self, cell: &[u8]) -> Option<u64> {
        let k = self.point(cell)?;
        (k >= self.low).then(|| k.abs_diff(self.low) / self.step).filter(|place| *place <= self.span)
    }

    fn point(&self, cell: &[u8]) -> Option<i64> {
        let k = match self.style {
            Style::FixedText => scaled(std::str::from_utf8(cell).ok()?, self.decimals)?,
            Style::ShortText => scaled(std::str::from_utf8(cell).ok()?, self.decimals)?,
            Style::Signed(_) | Style::Unsigned(_) => self.style.integer(cell)?,
            Style::Single => scaled(&f32::from_le_bytes(cell.try_into().ok()?).to_string(), self.decimals)?,
            Style::Double => scaled(&f64::from_le_bytes(cell.try_into().ok()?).to_string(), self.decimals)?,
            Style::Scientific { upper } => {
                floating::scientific(std::str::from_utf8(cell).ok()?, self.decimals, upper)?
            }
            Style::SingleBits => floating::single(f32::from_le_bytes(cell.try_into().ok()?))?,
            Style::DoubleBits => floating::double(f64::from_le_bytes(cell.try_into().ok()?))?,
        };
        (k.rem_euclid(self.step as i64) == 0 && self.written(k) == cell).then_some(k)
    }

    /// The cell of a place.
    pub fn cell(&self, place: u64) -> Vec<u8> {
        self.written(self.low.wrapping_add_unsigned(place.wrapping_mul(self.step)))
    }

    fn written(&self, k: i64) -> Vec<u8> {
        match self.style {
            Style::FixedText => text(k, self.decimals, true).into_bytes(),
            Style::ShortText => text(k, self.decimals, false).into_bytes(),
            Style::Signed(width) | Style::Unsigned(width) => k.to_le_bytes()[..usize::from(width)].to_vec(),
            Style::Single => {
                text(k, self.decimals, false).parse::<f32>().unwrap_or(0.0).to_le_bytes().to_vec()
            }
            Style::Double => {
                text(k, self.decimals, false).parse::<f64>().unwrap_or(0.0).to_le_bytes().to_vec()
            }
            Style::Scientific { upper } => floating::scientific_text(k, self.decimals, upper).into_bytes(),
            Style::SingleBits => floating::single_number(k).to_le_bytes().to_vec(),
            Style::DoubleBits => floating::double_number(k).to_le_bytes().to_vec(),
        }
    }

    /// The number at a place, in the units of the column.
    pub fn number(&self, place: f64) -> f64 {
        if self.style.is_floating() {
            return self.value(self.low.saturating_add_unsigned(place as u64));
        }
        (self.low as f64 + place * self.step as f64) / powi(10.0, i32::from(self.decimals))
    }

    /// The number of a point.
    fn value(&self, k: i64) -> f64 {
        match self.style {
            Style::Scientific { .. } => floating::scientific_number(k, self.decimals),
            Style::SingleBits => f64::from(floating::single_number(k)),
            Style::DoubleBits => floating::double_number(k),
            _ => k as f64 / powi(10.0, i32::from(self.decimals)),
        }
    }

    /// The number of low bits of a place that are written raw; the others name a group.
    pub fn raw_bits(&self) -> u32 {
        (64 - self.span.leading_zeros()).saturating_sub(GROUP_BITS)
    }

    pub fn groups(&self) -> u32 {
        (self.span >> self.raw_bits()) as u32 + 1
    }

    /// The number between a group and the next.
    pub fn boundary(&self, group: u32) -> f64 {
        self.number(((u64::from(group) + 1) << self.raw_bits()) as f64 - 0.5)
    }

    pub fn put(&self, out: &mut Vec<u8>) {
        let (style, width) = match self.style {
            Style::FixedText => (0, 0),
            Style::ShortText => (1, 0),
            Style::Signed(width) => (2, width),
            Style::Unsigned(width) => (3, width),
            Style::Single => (4, 0),
            Style::Double => (5, 0),
            Style::Scientific { upper } => (6, u8::from(upper)),
            Style::SingleBits => (7, 4),
            Style::DoubleBits => (7, 8),
        };
        let has_step = if self.step > 1 { WITH_STEP } else { 0 };
        out.extend([style | has_step, width, self.decimals]);
        put_number(out, self.low as u64);
        put_number(out, self.span);
        if self.step > 1 {
            put_number(out, self.step);
        }
    }

    pub fn read(unread: &mut Unread) -> Result<Self, Malformed> {
        let (style, width, decimals) = (unread.byte()?, unread.byte()?, unread.byte()?);
        let has_step = style & WITH_STEP != 0;
        let style = match (style & !WITH_STEP, width) {
            (0, 0) => Style::FixedText,
            (1, 0) => Style::ShortText,
            (2, 1..=8) => Style::Signed(width),
            (3, 1..=8) => Style::Unsigned(width),
            (4, 0) => Style::Single,
            (5, 0) => Style::Double,
            (6, upper @ 0..=1) if !has_step => Style::Scientific { upper: upper == 1 },
            (7, 4) if !has_step && decimals == 0 => Style::SingleBits,
            (7, 8) if !has_step && decimals == 0 => Style::DoubleBits,
            _ => return Err(Malformed),
        };
        let (low, span) = (unread.number()? as i64, unread.number()?);
        let step = if has_step { unread.number()? } else { 1 };
        let is_least = has_step == (step > 1);
        match decimals <= MOST_DECIMALS && span <= MOST_SPAN && is_least && step < 1 << 62 {
            true => Ok(Grid { style, decimals, step, low, span }),
            false => Err(Malformed),
        }
    }
}

/// The least decimals with which nearly all numbers are written.
fn decimals<'a>(style: Style, cells: impl Iterator<Item = (&'a [u8], u64)>) -> u8 {
    let mut counts = [0u64; MOST_DECIMALS as usize + 1];
    let of_plain = |text: &str| {
        let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        scaled(text, MOST_DECIMALS).and(Some(decimals))
    };
    for (cell, count) in cells {
        let found = match style {
            Style::FixedText | Style::ShortText => std::str::from_utf8(cell).ok().and_then(of_plain),
            Style::Single => {
                cell.try_into().ok().and_then(|bytes| of_plain(&f32::from_le_bytes(bytes).to_string()))
            }
            Style::Double => {
                cell.try_into().ok().and_then(|bytes| of_plain(&f64::from_le_bytes(bytes).to_string()))
            }
            Style::Scientific { .. } => {
                std::str::from_utf8(cell).ok().and_then(floating::scientific_decimals).map(usize::from)
            }
            Style::Signed(_) | Style::Unsigned(_) | Style::SingleBits | Style::DoubleBits => None,
        };
        if let Some(slot) = found.and_then(|decimals| counts.get_mut(decimals)) {
            *slot += count;
        }
    }
    let all: u64 = counts.iter().sum();
    let mut left = all;
    let enough = counts.iter().position(|count| {
        left -= count;
        left <= all / 500
    });
    enough.unwrap_or(0) as u8
}

/// k of a plain decimal number with at most so many decimals; exponents and signs of plus are none.
fn scaled(text: &str, decimals: u8) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let missing = usize::from(decimals).checked_sub(fraction.len())?;
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut k = 0i64;
    for digit in whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', missing)) {
        k = k.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    Some(if text.starts_with('-') { -k } else { k })
}

/// k / 10^decimals as text.
fn text(k: i64, decimals: u8, fixed: bool) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{:0width$}", k.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let fraction = if fixed { fraction } else { fraction.trim_end_matches('0') };
    let sign = if k < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const TEXTS: [Style; 2] = [Style::FixedText, Style::ShortText];

    fn of_texts(cells: &[&str]) -> Option<Grid> {
        Grid::of(&TEXTS, None, cells.iter().map(|cell| (cell.as_bytes(), 1)))
    }

    #[test]
    fn the_style_of_most_cells_is_found() {
        let fixed = of_texts(&["1.50", "-2.25", "0.00", "12.00", "NA"]).unwrap();
        assert_eq!((fixed.style, fixed.decimals, fixed.low, fixed.span), (Style::FixedText, 2, -225, 1425));
        assert_eq!(fixed.place(b"1.50").map(|place| fixed.cell(place)), Some(b"1.50".to_vec()));
        for off in ["1.5", "1.500", "13.00", "-0.00", "+1.50", "NA", "1e3", " 1.50", "", "٣.00"] {
            assert_eq!(fixed.place(off.as_bytes()), None, "{off}");
        }
        let short = of_texts(&["1.5", "2", "3.25", "0.1"]).unwrap();
        assert_eq!((short.style, short.decimals), (Style::ShortText, 2));
        assert_eq!(short.number(short.place(b"3.25").unwrap() as f64), 3.25);
        assert!(of_texts(&["007", "008", "x"]).is_none() && of_texts(&["a", "b"]).is_none());
        assert!(of_texts(&["9223372036854775807", "-9223372036854775807"]).is_none(), "too wide");
    }

    #[test]
    fn places_are_groups_and_raw_bits() {
        let wide = of_texts(&["0", "1000000", "7"]).unwrap();
        assert_eq!((wide.raw_bits(), wide.groups()), (4, 62501));
        assert_eq!(wide.boundary(0), 15.5);
        let narrow = of_texts(&["17", "90", "44"]).unwrap();
        assert_eq!((narrow.raw_bits(), narrow.groups(), narrow.boundary(0)), (0, 74, 17.5));
    }

    #[test]
    fn a_coarser_grid_has_the_multiples_of_its_unit() {
        let fine = of_texts(&["0.25", "7.5", "3"]);
        // 0.064 is 6.4 hundredths: multiples of 13 move none by more than 6.
        let unit = Unit::within(0.064, fine).unwrap();
        assert_eq!(unit, Unit { decimals: 2, step: 13 });
        assert_eq!(unit.nearest(Style::ShortText, 7.5).unwrap(), b"7.54");
        let cells = ["7.54", "0", "0.13", "7.5", "NA"];
        let grid = Grid::of(&TEXTS, Some(unit), cells.iter().map(|cell| (cell.as_bytes(), 1))).unwrap();
        assert_eq!((grid.low, grid.span), (0, 58));
        let places: Vec<_> = cells.iter().map(|cell| grid.place(cell.as_bytes())).collect();
        assert_eq!(places, [Some(58), Some(0), Some(1), None, None]);
        assert_eq!((grid.cell(58), grid.number(58.0)), (b"7.54".to_vec(), 7.54));
        let mut out = vec![];
        grid.put(&mut out);
        assert_eq!(Grid::read(&mut Unread(&out)).unwrap(), grid);
        out[0] &= !WITH_STEP;
        assert_ne!(Grid::read(&mut Unread(&out)).ok(), Some(grid));
        // Without a grid, or one that is too fine: two or three digits of the bound.
        assert_eq!(Unit::within(0.064, None).unwrap(), Unit { decimals: 4, step: 1280 });
        let fixed = of_texts(&["0.250000", "7.500000", "3.123456"]);
        assert_eq!(Unit::within(0.064, fixed).unwrap(), Unit { decimals: 6, step: 128_000 });
        assert_eq!(Unit::within(0.004, fine), None);
    }

    #[test]
    fn typed_numbers() {
        let bytes = |values: &[f64]| values.iter().map(|x| x.to_le_bytes()).collect::<Vec<_>>();
        let cells = bytes(&[0.1, 0.25, 3.0, -0.0, f64::NAN]);
        let grid = Grid::of(&[Style::Double], None, cells.iter().map(|cell| (cell.as_slice(), 1))).unwrap();
        let returned: Vec<bool> =
            cells.iter().map(|cell| grid.place(cell).is_some_and(|place| grid.cell(place) == cell)).collect();
        assert_eq!(returned, [true, true, true, false, false]);
        let cells = [i16::MIN, -1, 7, i16::MAX].map(i16::to_le_bytes);
        let grid =
            Grid::of(&[Style::Signed(2)], None, cells.iter().map(|cell| (cell.as_slice(), 1))).unwrap();
        assert!(cells.iter().all(|cell| grid.cell(grid.place(cell).unwrap()) == cell));
        assert_eq!(grid.number(0.0), f64::from(i16::MIN));
        let cells = [200u8, 255];
        let cells = cells.iter().map(|cell| (std::slice::from_ref(cell), 1));
        assert_eq!(Grid::of(&[Style::Unsigned(1)], None, cells).unwrap().low, 200);
    }

    proptest! {
        #[test]
        fn a_place_is_only_given_to_a_cell_that_comes_back(cells in prop::collection::vec("-?[0-9]{1,4}(\\.[0-9]{0,3})?", 1..20)) {
            if let Some(grid) = of_texts(&cells.iter().map(String::as_str).collect::<Vec<_>>()) {
                let mut out = vec![];
                grid.put(&mut out);
                prop_assert_eq!(Grid::read(&mut Unread(&out)).unwrap(), grid);
                for cell in &cells {
                    if let Some(place) = grid.place(cell.as_bytes()) {
                        prop_assert_eq!(grid.cell(place), cell.as_bytes());
                    }
                }
            }
        }
    }
}
