//! Compression with a fitted variational model, lossless or with bounded errors of numbers: the
//! `.dbz` file.
//!
//! A row costs what it costs the model, its negative ELBO, by bits-back coding with asymmetric
//! numeral systems (Townsend, Bird & Barber 2019). Counts of the cells seen so far, given another
//! column, are mixed in, so that no column costs much more than by its own frequencies. Cells come
//! back exactly: bits, nulls, types, spelling.
//!
//! | file | what |
//! |---|---|
//! | `ans` | the stack of symbols with integer masses |
//! | `masses`, `counts`, `latent` | masses of a distribution function, of counts, of a code |
//! | `cells`, `grid`, `floating`, `space` | cells as byte strings, numbers as points, what a model describes |
//! | `model` | the networks, as a codec uses them |
//! | `column`, `plan` | how a column is written, and how the best way is chosen |
//! | `bounds` | numbers that may be wrong by so much |
//! | `rows`, `block` | the rows of a block, encoded and decoded |
//! | `text`, `frame`, `compress`, `archive` | text byte for byte; the file, written and read |
//! | `file_size` | what a file would take otherwise |
//!
//! ```
//! # use diabolo::{Config, FitJob, codec::{Archive, CodecModel, CompressOptions, compress}};
//! # let mut config = Config::default();
//! # config.set("training.epochs=1")?;
//! # config.set("model.likelihood.pixels=discretized_logistic:1")?;
//! # let fitted = FitJob::input("digits").config(config).run()?;
//! # let rows = fitted.test.slice(0, 20);
//! let model = CodecModel::from_bytes("model", &fitted.predictor.to_bytes()?)?;
//! let mut file = vec![];
//! let options = CompressOptions::default();
//! compress(&model, rows.schema(), [Ok(rows.clone())].into_iter(), &mut file, &options)?;
//!
//! let mut archive = Archive::open(std::io::Cursor::new(&file), "rows.dbz")?;
//! archive.set_model(&model)?;
//! let returned = archive.batches(0..20)?.collect::<diabolo::Result<Vec<_>>>()?;
//! assert_eq!(returned, [rows]);
//! # Ok::<(), diabolo::Error>(())
//! ```

mod ans;
mod archive;
mod block;
mod bounds;
mod cells;
mod column;
mod compress;
mod counts;
mod file_size;
mod floating;
mod frame;
mod grid;
mod latent;
mod masses;
mod model;
mod plan;
mod rows;
mod space;
mod text;
mod wire;

pub use archive::{Archive, ArchiveInfo};
pub use bounds::ErrorBounds;
pub use compress::{CodecModel, CompressOptions, Compressed, compress, compress_text};
pub use file_size::{FileSize, zstd_bytes};
pub use frame::{FORMAT_VERSION, NUMERICS_VERSION};
