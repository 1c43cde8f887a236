//! The real binary, run in temporary folders: exit codes, stdout, stderr, files.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod adult;
mod bad_config;
mod bad_data;
mod bad_model;
mod cases;
mod codec;
mod compare;
mod conditional;
mod denoise;
mod detect;
mod digits;
mod drift;
mod elsewhere;
mod examples;
mod export;
mod factors;
mod features;
mod files;
mod forecast;
mod help;
mod impute;
mod likelihood;
mod locks;
mod map;
mod memory;
mod mixed;
mod network;
mod outputs;
mod passthrough;
#[cfg(unix)]
mod permissions;
mod reproducible;
mod series;
mod shell;
mod sparse;
#[cfg(unix)]
mod streams;
mod support;
mod sweep;
mod synthesize;
mod values;
mod variational;
mod vector_quantized;
