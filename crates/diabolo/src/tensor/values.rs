//! The numbers of an array, or compact rows that mean them.

use std::ops::Deref;
use std::sync::OnceLock;

use super::element::Element;
use crate::data::rows::Rows;

/// Row-major numbers; those of [`Rows`] are expanded when they are first asked for.
#[derive(Debug)]
pub(super) struct Values<T: Element> {
    numbers: OnceLock<Vec<T>>,
    rows: Option<Rows>,
}

impl<T: Element> Values<T> {
    pub fn of_rows(rows: Rows) -> Self {
        Values { numbers: OnceLock::new(), rows: Some(rows) }
    }

    /// The rows, if they are kept as such.
    pub fn rows(&self) -> Option<&Rows> {
        self.rows.as_ref()
    }

    fn expanded(&self) -> &Vec<T> {
        self.numbers.get_or_init(|| {
            let rows = self.rows.as_ref().expect("numbers, or rows");
            T::from_f32(rows.expanded())
        })
    }

    /// The numbers, for a change in place.
    pub fn numbers_mut(&mut self) -> &mut Vec<T> {
        self.expanded();
        self.rows = None;
        self.numbers.get_mut().expect("expanded above")
    }
}

impl<T: Element> From<Vec<T>> for Values<T> {
    fn from(numbers: Vec<T>) -> Self {
        Values { numbers: numbers.into(), rows: None }
    }
}

impl<T: Element> Deref for Values<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        self.expanded()
    }
}
