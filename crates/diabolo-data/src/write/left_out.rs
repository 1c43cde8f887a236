//! Without the feature `formats`: what was left out says so.

use arrow_schema::Schema;

use super::{Encode, Output};
use crate::read::left_out;
use crate::{Format, Result};

pub(super) mod columnar {
    use super::*;

    pub fn encoder(_: &str, format: Format, _: Output, _: &Schema) -> Result<Box<dyn Encode>> {
        Err(left_out(format.name()))
    }
}

pub(super) mod pictures {
    use super::*;

    pub fn encoder(_: &str, _: Option<&str>, _: &Schema) -> Result<Box<dyn Encode>> {
        Err(left_out("images"))
    }
}
