//! A file that an earlier build wrote comes back.
