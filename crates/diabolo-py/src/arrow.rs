//! Tables from and to other libraries, by the Arrow PyCapsule interface.
//!
//! <https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>. The only `unsafe`
//! of this crate.

#![allow(unsafe_code)]

use std::ffi::CStr;
use std::ptr::NonNull;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{
    Array, ArrayRef, RecordBatch, RecordBatchIterator, RecordBatchReader, StructArray, make_array,
};
use arrow_schema::{ArrowError, Field};
use arrow_select::concat::concat_batches;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

const STREAM: &CStr = c"arrow_array_stream";
const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";

pub fn wrong(cause: ArrowError) -> PyErr {
    PyValueError::new_err(cause.to_string())
}

/// All rows of an object with `__arrow_c_stream__` or `__arrow_c_array__`.
pub fn import_rows(source: &Bound<PyAny>) -> PyResult<RecordBatch> {
    if source.hasattr("__arrow_c_stream__")? {
        let reader = stream(source)?;
        let schema = reader.schema();
        let batches = reader.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        return concat_batches(&schema, &batches).map_err(wrong);
    }
    if !source.hasattr("__arrow_c_array__")? {
        let found = source.get_type().name()?;
        return Err(PyTypeError::new_err(format!("expected rows of a library of Arrow, found {found}")));
    }
    let (array, _) = import_array(source)?;
    match array.as_any().downcast_ref::<StructArray>() {
        Some(rows) => Ok(RecordBatch::from(rows)),
        None => Err(PyTypeError::new_err("expected a table, found a single Arrow column")),
    }
}

fn stream(source: &Bound<PyAny>) -> PyResult<RecordBatchStreamReader> {
    let capsule = source.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
    let pointer: NonNull<FFI_ArrowArrayStream> = capsule.pointer_checked(Some(STREAM))?.cast();
    // SAFETY: a capsule of this name holds a stream by the protocol. It is moved out, and what
    // stays behind is marked as released, so that the capsule does not release it again.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    RecordBatchStreamReader::try_new(stream).map_err(wrong)
}

/// A column, or the columns of a batch as one struct, with its field.
pub fn import_array(source: &Bound<PyAny>) -> PyResult<(ArrayRef, Field)> {
    let capsules = source.call_method0("__arrow_c_array__")?.cast_into::<PyTuple>()?;
    let [schema, array] = [0, 1].map(|at| capsules.get_item(at));
    let (schema, array) = (schema?.cast_into::<PyCapsule>()?, array?.cast_into::<PyCapsule>()?);
    let schema: NonNull<FFI_ArrowSchema> = schema.pointer_checked(Some(SCHEMA))?.cast();
    let array: NonNull<FFI_ArrowArray> = array.pointer_checked(Some(ARRAY))?.cast();
    // SAFETY: capsules of these names hold a schema, which is borrowed here, and an array, which is
    // moved out; what stays behind is marked as released.
    let (data, field) = unsafe {
        let field = Field::try_from(schema.as_ref()).map_err(wrong)?;
        (from_ffi(FFI_ArrowArray::from_raw(array.as_ptr()), schema.as_ref()).map_err(wrong)?, field)
    };
    Ok((make_array(data), field))
}

/// The rows as a capsule with a stream of one batch.
pub fn export_rows<'py>(py: Python<'py>, rows: &RecordBatch) -> PyResult<Bound<'py, PyCapsule>> {
    let batches = RecordBatchIterator::new([Ok(rows.clone())], rows.schema());
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), STREAM)
}

/// The schema of the rows as a capsule.
pub fn export_schema<'py>(py: Python<'py>, rows: &RecordBatch) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(rows.schema().as_ref()).map_err(wrong)?;
    PyCapsule::new_with_value(py, schema, SCHEMA)
}
