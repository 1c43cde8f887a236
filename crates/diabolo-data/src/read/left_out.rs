//! Without the feature `formats`: what was left out says so.

use crate::Error;

/// The error for a format that this build cannot read or write.
pub(crate) fn left_out(what: &str) -> Error {
    Error::Unsupported {
        what: format!("this build of diabolo reads and writes no {what}"),
        help: "build it with the feature `formats`, or use CSV, NPY or record batches".into(),
    }
}

pub(super) mod columnar {
    use super::left_out;
    use crate::Result;
    use crate::input::Input;
    use crate::read::{ReadOptions, Source};

    pub fn parquet(_: Input, _: &ReadOptions) -> Result<Source> {
        Err(left_out("Parquet"))
    }

    pub fn arrow(_: Input, _: &ReadOptions) -> Result<Source> {
        Err(left_out("Arrow files"))
    }
}

pub(super) mod images {
    use super::left_out;
    use crate::Result;
    use crate::input::Input;
    use crate::read::files::Found;
    use crate::read::{ReadOptions, Source};

    pub fn open(_: &str, _: Vec<Found>, _: &ReadOptions) -> Result<Source> {
        Err(left_out("images"))
    }

    pub fn single(_: Input, _: &ReadOptions) -> Result<Source> {
        Err(left_out("images"))
    }
}
