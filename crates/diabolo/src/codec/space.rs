//! The cells of a column that a model can describe, and their masses.

use std::collections::HashMap;

use super::ans::{Mass, Stack};
use super::cells::Form;
use super::grid::{Grid, Style, Unit};
use super::masses::{Cells, MOST_CELLS, Nowhere, nowhere};
use super::model::{Feature, Law};
use super::wire::{Malformed, Unread};
use crate::data::CellCode;

/// The cells that a model describes.
pub(super) enum Space {
    /// None: keys, labels, text, dates, and columns that the model does not know.
    Nothing,
    /// The texts of levels, each with its number.
    Levels { texts: Vec<Vec<u8>>, numbers: HashMap<Vec<u8>, u64> },
    /// Numbers, and the scaled boundaries between groups of them.
    Grid { grid: Grid, boundaries: Vec<f64> },
    /// Pixels from 0 to white, or only these two.
    Pixels { count: usize, white: u8, two_levels: bool },
}

impl Space {
    /// The space of a feature for cells that occur so often, numbers as multiples of a unit, if
    /// there is one.
    pub fn fit(feature: &Feature, form: Form, unit: Option<Unit>, cells: &[(Option<&[u8]>, u64)]) -> Self {
        match &feature.code {
            CellCode::Number { .. } => {
                let known = cells.iter().filter_map(|&(cell, count)| Some((cell?, count)));
                Grid::of(form.styles().as_slice(), unit, known)
                    .map_or(Space::Nothing, |grid| Self::of_grid(feature, grid))
            }
            _ => Self::without_grid(feature, form),
        }
    }

    /// The space that was written by [`put`](Self::put).
    pub fn read(feature: Option<&Feature>, form: Form, unread: &mut Unread) -> Result<Self, Malformed> {
        match (unread.byte()?, feature) {
            (0, _) => Ok(Space::Nothing),
            (1, Some(feature)) => Ok(Self::of_grid(feature, Grid::read(unread)?)),
            (2, Some(feature)) => Ok(Self::without_grid(feature, form)),
            _ => Err(Malformed),
        }
    }

    pub fn put(&self, out: &mut Vec<u8>) {
        match self {
            Space::Nothing => out.push(0),
            Space::Grid { grid, .. } => {
                out.push(1);
                grid.put(out);
            }
            Space::Levels { .. } | Space::Pixels { .. } => out.push(2),
        }
    }

    fn of_grid(feature: &Feature, grid: Grid) -> Self {
        let CellCode::Number { boundary, .. } = &feature.code else { return Space::Nothing };
        // At most as many as [`MOST_CELLS`].
        let boundaries =
            (0..grid.groups().min(MOST_CELLS) - 1).map(|group| f64::from(boundary(grid.boundary(group))));
        Space::Grid { grid, boundaries: boundaries.collect() }
    }

    fn without_grid(feature: &Feature, form: Form) -> Self {
        match (&feature.code, form) {
            (CellCode::Levels(texts), _) => {
                let cells: Option<Vec<Vec<u8>>> = texts.iter().map(|text| level_cell(text, form)).collect();
                let Some(texts) = cells else { return Space::Nothing };
                let numbers = texts.iter().cloned().zip(0..).collect();
                Space::Levels { texts, numbers }
            }
            (CellCode::Pixels, Form::Pixels(count, white)) if count == feature.width() => {
                Space::Pixels { count, white, two_levels: feature.two_levels }
            }
            _ => Space::Nothing,
        }
    }

    /// The symbol of a cell, if the model describes it.
    pub fn symbol(&self, cell: Option<&[u8]>) -> Option<u64> {
        let cell = cell?;
        match self {
            Space::Nothing => None,
            Space::Levels { numbers, .. } => numbers.get(cell).copied(),
            Space::Grid { grid, .. } => grid.place(cell),
            Space::Pixels { count, white, two_levels } => {
                let is_known = |pixel: &u8| pixel <= white && (!two_levels || *pixel == 0 || pixel == white);
                (cell.len() == *count && cell.iter().all(is_known)).then_some(0)
            }
        }
    }

    /// Writes a cell with this symbol into an encoded row.
    pub fn encode(&self, feature: &Feature, symbol: u64, cell: &[u8], row: &mut [f32]) {
        match self {
            Space::Nothing => {}
            Space::Levels { .. } => feature.set_level(row, symbol as usize),
            Space::Grid { grid, .. } => feature.set_number(row, grid.number(symbol as f64)),
            Space::Pixels { white, .. } => feature.set_pixels(row, cell, f32::from(*white)),
        }
    }

    /// P(cell) by the integer masses.
    pub fn probability(&self, law: Law, symbol: u64) -> f64 {
        match self {
            Space::Nothing | Space::Pixels { .. } => 1.0,
            Space::Levels { .. } => levels(law).mass(symbol as u32).share(),
            Space::Grid { grid, boundaries } => {
                let group = (symbol >> grid.raw_bits()) as u32;
                groups(law, boundaries).mass(group).share() / (1u64 << grid.raw_bits()) as f64
            }
        }
    }

    pub fn push(&self, stack: &mut Stack, law: Law, symbol: u64, cell: &[u8]) {
        match self {
            Space::Nothing => {}
            Space::Levels { .. } => stack.push(levels(law).mass(symbol as u32)),
            Space::Grid { grid, boundaries } => {
                let raw = grid.raw_bits();
                stack.push_bits(symbol & ((1 << raw) - 1), raw);
                stack.push(groups(law, boundaries).mass((symbol >> raw) as u32));
            }
            Space::Pixels { two_levels: true, .. } => {
                for (k, &pixel) in cell.iter().enumerate().rev() {
                    stack.push(Mass::of_two(pixel > 0, second(law, k)));
                }
            }
            Space::Pixels { white, .. } => {
                for (k, &pixel) in cell.iter().enumerate().rev() {
                    stack.push(intensities(law, k, *white).mass(u32::from(pixel)));
                }
            }
        }
    }

    /// The symbol and its cell.
    pub fn pop(&self, stack: &mut Stack, law: Law) -> Result<(u64, Vec<u8>), Malformed> {
        match self {
            Space::Nothing => Err(Malformed),
            Space::Levels { texts, .. } => {
                let symbol = levels(law).pop(stack)?;
                let text = texts.get(symbol as usize).ok_or(Malformed)?;
                Ok((u64::from(symbol), text.clone()))
            }
            Space::Grid { grid, boundaries } => {
                let group = groups(law, boundaries).pop(stack)?;
                let symbol = u64::from(group) << grid.raw_bits() | stack.pop_bits(grid.raw_bits())?;
                Ok((symbol, grid.cell(symbol)))
            }
            Space::Pixels { count, white, two_levels } => {
                let pixel = |k: usize| -> Result<u8, Malformed> {
                    if *two_levels {
                        let is_white = stack.pop_two(second(law, k))?;
                        return Ok(if is_white { *white } else { 0 });
                    }
                    Ok(intensities(law, k, *white).pop(stack)? as u8)
                };
                Ok((0, (0..*count).map(pixel).collect::<Result<_, _>>()?))
            }
        }
    }
}

/// A level as a cell of a column; nothing if it cannot be one.
fn level_cell(text: &str, form: Form) -> Option<Vec<u8>> {
    Some(match form {
        Form::Text | Form::LargeText => text.as_bytes().to_vec(),
        Form::Boolean => vec![u8::from(text == "true")],
        Form::Number(Style::Double) => text.parse::<f64>().ok()?.to_le_bytes().to_vec(),
        Form::Number(Style::Single) => text.parse::<f32>().ok()?.to_le_bytes().to_vec(),
        Form::Number(Style::Signed(width) | Style::Unsigned(width)) => {
            text.parse::<i64>().ok()?.to_le_bytes()[..usize::from(width)].to_vec()
        }
        _ => return None,
    })
}

/// P(pixel = white).
fn second(law: Law, pixel: usize) -> f64 {
    law.cumulative.second(law.row, law.column + pixel).map_or(f64::NAN, f64::from)
}

/// The levels of a pixel from 0 to white.
fn intensities(
    law: Law<'_>,
    pixel: usize,
    white: u8,
) -> Cells<impl Fn(u32) -> f64, impl Fn(f64) -> Option<u32>> {
    let (column, white) = (law.column + pixel, f64::from(white));
    let upper = move |level: u32| law.cumulative.at(law.row, column, (f64::from(level) + 0.5) / white);
    let near = move |share| law.cumulative.near(law.row, column, share).map(|x| (x * white).round() as u32);
    Cells { count: white as u32 + 1, upper, near }
}

fn groups<'a>(
    law: Law<'a>,
    boundaries: &'a [f64],
) -> Cells<impl Fn(u32) -> f64 + 'a, impl Fn(f64) -> Option<u32> + 'a> {
    let upper = move |group: u32| law.cumulative.at(law.row, law.column, boundaries[group as usize]);
    let below = |x: f64| boundaries.partition_point(|boundary| *boundary < x) as u32;
    let near = move |share| law.cumulative.near(law.row, law.column, share).map(below);
    Cells { count: boundaries.len() as u32 + 1, upper, near }
}

/// The levels of a one-hot or a binary column.
fn levels(law: Law) -> Cells<impl Fn(u32) -> f64, Nowhere> {
    let mut below = vec![];
    match law.cumulative.levels(law.row) {
        Some(probabilities) => below.extend(probabilities.iter().scan(0.0, |sum, p| {
            *sum += f64::from(*p);
            Some(*sum)
        })),
        None => below.extend([1.0 - second(law, 0), 1.0]),
    }
    Cells { count: below.len() as u32, upper: move |level: u32| below[level as usize], near: nowhere }
}
