//! IDX, the format of the MNIST files: two zero bytes, a type, the number of dimensions, the
//! dimensions (big endian), the numbers.

use std::io::Read;
use std::path::{Path, PathBuf};

use arrow_schema::Field;

use super::array::{self, Kind, Layout};
use super::{ReadOptions, Source};
use crate::input::{Bytes, Input, read_error};
use crate::{Error, Result};

/// Opens an IDX file. The label file of an image file is found by its name and becomes the column
/// `label`.
pub(super) fn open(input: Input, options: &ReadOptions) -> Result<Source> {
    let labels = input.path.as_deref().and_then(labels_beside);
    let images = open_array(input, options)?;
    match labels {
        Some(labels) => {
            let labels = open_array(Input::open(&labels.to_string_lossy())?, options)?.collect()?;
            let field = labels.schema().field(0).clone();
            images
                .with_column(Field::new("label", field.data_type().clone(), false), labels.column(0).clone())
        }
        None => Ok(images),
    }
}

fn open_array(input: Input, options: &ReadOptions) -> Result<Source> {
    let name = input.name.clone();
    let mut bytes = input.into_bytes();
    let [zero, nought, kind, sides] = number(&name, &mut bytes)?.to_be_bytes();
    let (kind, size) = match (zero, nought, kind) {
        (0, 0, 0x08) => (Kind::Unsigned, 1),
        (0, 0, 0x09) => (Kind::Signed, 1),
        (0, 0, 0x0b) => (Kind::Signed, 2),
        (0, 0, 0x0c) => (Kind::Signed, 4),
        (0, 0, 0x0d) => (Kind::Float, 4),
        (0, 0, 0x0e) => (Kind::Float, 8),
        _ => {
            let found = format!("the bytes {zero:02x} {nought:02x} {kind:02x}");
            return Err(Error::data(
                name,
                "an IDX header (00 00 and a type from 08 to 0e)",
                found,
                "check that this is an IDX file, or give it the extension of its format",
            ));
        }
    };
    let side = |_| Ok(number(&name, &mut bytes)? as usize);
    let shape = (0..sides).map(side).collect::<Result<Vec<_>>>()?;
    array::open(&name, Layout { kind, size, big_endian: true, fortran: false, shape }, bytes, options)
}

fn number(name: &str, bytes: &mut Bytes) -> Result<u32> {
    let mut buffer = [0; 4];
    bytes.read_exact(&mut buffer).map_err(|error| read_error(name, error))?;
    Ok(u32::from_be_bytes(buffer))
}

/// `train-labels-idx1-ubyte[.gz]` beside `train-images-idx3-ubyte[.gz]`.
fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    if !name.contains("images") {
        return None;
    }
    let name = name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1");
    crate::catalog::present(images.parent()?, name.strip_suffix(".gz").unwrap_or(&name))
}
