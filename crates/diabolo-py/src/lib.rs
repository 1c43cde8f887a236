//! `diabolo._diabolo`: what the Python package calls.
//!
//! A thin shell over [`diabolo::pipeline`]: rows come and go as Arrow tables, settings and results
//! as JSON, models as the bytes of their file. The package in `python/diabolo` does the rest.

mod arrow;
mod audit;
mod codec;
mod columns;
mod fit;
mod forecast;
mod functions;
mod input;
mod model;
mod synthesis;
mod table;
mod watch;
mod words;

use pyo3::prelude::*;

/// Large short-lived tensors page-fault under the system allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule]
fn _diabolo(module: &Bound<PyModule>) -> PyResult<()> {
    module.add("__version__", diabolo::VERSION)?;
    module.add_class::<table::Table>()?;
    module.add_class::<model::Model>()?;
    module.add_class::<forecast::Forecast>()?;
    module.add_class::<synthesis::Synthesis>()?;
    module.add_function(wrap_pyfunction!(audit::audit, module)?)?;
    module.add_function(wrap_pyfunction!(fit::fit, module)?)?;
    module.add_function(wrap_pyfunction!(codec::compress, module)?)?;
    module.add_function(wrap_pyfunction!(codec::decompress, module)?)?;
    module.add_function(wrap_pyfunction!(functions::inspect, module)?)?;
    module.add_function(wrap_pyfunction!(functions::compare, module)?)?;
    module.add_function(wrap_pyfunction!(functions::keywords, module)?)?;
    module.add_function(wrap_pyfunction!(functions::load, module)?)?;
    module.add_function(wrap_pyfunction!(functions::pictures, module)?)?;
    module.add_function(wrap_pyfunction!(functions::write_page, module)?)?;
    module.add_function(wrap_pyfunction!(words::in_python, module)?)?;
    module.add_function(wrap_pyfunction!(functions::read, module)?)
}
