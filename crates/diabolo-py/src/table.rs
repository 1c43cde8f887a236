//! A table of rows, which goes between Python and the library.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow_schema::Schema;
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use diabolo::data::{Writer, ipc};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyList};

use crate::arrow::{export_rows, export_schema, import_rows, wrong};
use crate::columns;
use crate::watch::compute;

/// Name, kind, values and mask of a column.
type Column<'py> = (String, String, Bound<'py, PyAny>, Option<Vec<u8>>);

/// Rows with named columns. Other libraries read it by `__arrow_c_stream__`.
#[pyclass(frozen, module = "diabolo")]
pub struct Table {
    pub rows: RecordBatch,
}

#[pymethods]
impl Table {
    /// The rows of an object with `__arrow_c_stream__` or `__arrow_c_array__`.
    #[staticmethod]
    fn from_arrow(source: &Bound<PyAny>) -> PyResult<Self> {
        Ok(Table { rows: import_rows(source)? })
    }

    /// Rows of columns, each with name, kind, values and mask; see `columns.rs`.
    #[staticmethod]
    fn from_columns(given: Vec<Column>, rows: usize) -> PyResult<Self> {
        let (mut fields, mut arrays) = (vec![], vec![]);
        for (name, kind, values, missing) in given {
            let (field, array) = columns::import(&name, &kind, &values, missing)
                .map_err(|error| PyTypeError::new_err(format!("column '{name}': {error}")))?;
            fields.push(field);
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options);
        Ok(Table { rows: batch.map_err(wrong)? })
    }

    /// Kind, values and mask of a column.
    fn column<'py>(
        &self,
        py: Python<'py>,
        name: &str,
    ) -> PyResult<(String, Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let at = self.position(name)?;
        columns::export(py, self.rows.schema().field(at), self.rows.column(at))
    }

    /// Whether a column is the same in another table.
    fn shares(&self, name: &str, other: &Table) -> bool {
        let column = |table: &Table| Some(table.rows.column_by_name(name)?.clone());
        column(self).is_some_and(|own: ArrayRef| column(other) == Some(own))
    }

    /// The rows with these numbers, from 0.
    fn take(&self, numbers: Vec<u64>) -> PyResult<Self> {
        Ok(Table { rows: take_record_batch(&self.rows, &UInt64Array::from(numbers)).map_err(wrong)? })
    }

    /// The rows of tables with the same columns, one after the other.
    #[staticmethod]
    fn concat(tables: Vec<Py<Table>>) -> PyResult<Self> {
        let first =
            tables.first().ok_or_else(|| PyValueError::new_err("expected a table or more, found none"))?;
        let rows = concat_batches(&first.get().rows.schema(), tables.iter().map(|table| &table.get().rows));
        Ok(Table { rows: rows.map_err(wrong)? })
    }

    /// The table with these columns only.
    fn select(&self, names: Vec<String>) -> PyResult<Self> {
        let places = names.iter().map(|name| self.position(name)).collect::<PyResult<Vec<_>>>()?;
        Ok(Table { rows: self.rows.project(&places).map_err(wrong)? })
    }

    /// The table with the columns of another one, which has as many rows, after its own.
    fn beside(&self, other: &Table) -> PyResult<Self> {
        let fields = |table: &Table| table.rows.schema().fields().iter().cloned().collect::<Vec<_>>();
        let schema = Schema::new([fields(self), fields(other)].concat());
        let columns = [self.rows.columns(), other.rows.columns()].concat();
        Ok(Table { rows: RecordBatch::try_new(Arc::new(schema), columns).map_err(wrong)? })
    }

    /// For pickles: what makes the table again from bytes of Arrow.
    fn __reduce__<'py>(table: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let bytes = ipc::to_bytes(&table.get().rows).map_err(wrong)?;
        Ok((table.get_type().getattr("from_bytes")?, (PyBytes::new(table.py(), &bytes),)))
    }

    /// The table of the bytes of a pickle.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        Ok(Table { rows: ipc::from_bytes(bytes).map_err(wrong)? })
    }

    /// The rows as a data frame of pandas; without PyArrow.
    fn to_pandas<'py>(table: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = table.py();
        let frame = py.import("diabolo._pandas")?.getattr("frame")?;
        frame.call1((table, py.None(), py.None(), false))
    }

    /// The cells of each column as a list of Python's values, `None` where they are missing.
    fn to_dict<'py>(table: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        table.py().import("diabolo._rows")?.getattr("columns_of")?.call1((table,))
    }

    /// Writes the rows to a file of the format that its name ends in, as the command line does, or
    /// images to a folder, whose path ends in `/`.
    fn write(&self, py: Python, path: &Bound<PyAny>) -> PyResult<()> {
        let path: String = py.import("os")?.getattr("fspath")?.call1((path,))?.extract()?;
        let note = compute(py, || {
            let mut writer = Writer::create(&path, None)?;
            writer.write(&self.rows)?;
            let note = writer.note();
            writer.finish()?;
            Ok(note)
        })?;
        let warn = py.import("diabolo._model")?.getattr("warn")?;
        warn.call1((PyList::new(py, note)?,)).map(drop)
    }

    /// The names of the columns, by the word of pandas and Polars.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.column_names()
    }

    /// The names of the columns, by the word of PyArrow.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.rows.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.rows.num_rows()
    }

    fn __repr__<'py>(table: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        table.py().import("diabolo._show")?.getattr("text")?.call1((table,))
    }

    fn _repr_html_<'py>(table: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        table.py().import("diabolo._show")?.getattr("html")?.call1((table,))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // By the protocol, a schema is a wish that a producer need not fulfil.
        drop(requested_schema);
        export_rows(py, &self.rows)
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        export_schema(py, &self.rows)
    }
}

impl Table {
    fn position(&self, name: &str) -> PyResult<usize> {
        self.rows.schema().index_of(name).map_err(|_| PyKeyError::new_err(name.to_string()))
    }
}
