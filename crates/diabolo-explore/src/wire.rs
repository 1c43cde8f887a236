//! Answers: JSON, numbers as raw bytes behind a JSON header, and errors.
//!
//! ```text
//! u32 length of the header | header: JSON, padded with blanks to a multiple of 4 | buffers
//! ```
//! All numbers are little-endian; the header says how many there are.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use diabolo::{Error, ErrorClass};
use serde::Serialize;
use serde_json::{Value, json};

/// An error as a page shows it.
pub(crate) struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self.0.class() {
            ErrorClass::Failure => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        (status, Json(json!({ "error": self.0.to_string() }))).into_response()
    }
}

pub(crate) type Answer = Result<Response, Failure>;

/// Runs `work` beside the threads that talk to browsers.
pub(crate) async fn computed<T: Send + 'static>(
    work: impl FnOnce() -> diabolo::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Failure),
        Err(cause) => Err(Failure(Error::internal(format!("a computation ended: {cause}")))),
    }
}

/// JSON. A number that is not finite is null.
pub(crate) fn object(value: impl Serialize) -> Answer {
    let value: Value = serde_json::to_value(value)
        .map_err(|cause| Error::internal(format!("an answer is no JSON: {cause}")))?;
    Ok(Json(value).into_response())
}

/// Numbers behind a header.
#[derive(Default)]
pub(crate) struct Buffers(Vec<u8>);

impl Buffers {
    pub fn u32(mut self, values: impl IntoIterator<Item = u32>) -> Self {
        values.into_iter().for_each(|v| self.0.extend(v.to_le_bytes()));
        self
    }

    pub fn f32(mut self, values: impl IntoIterator<Item = f32>) -> Self {
        values.into_iter().for_each(|v| self.0.extend(v.to_le_bytes()));
        self
    }

    pub fn behind(self, head: &Value) -> Answer {
        let mut text = head.to_string();
        text.push_str(&" ".repeat(text.len().next_multiple_of(4) - text.len()));
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let bytes = [&length.to_le_bytes()[..], text.as_bytes(), &self.0].concat();
        Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
    }
}
