//! What a tool may return.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use rmcp::handler::server::wrapper::Json;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Integer;

/// What a tool returns: numbers, texts, lists and options of those; any other
/// serializable type as `Json<T>`; or a `Result` of a serializable type, whose error is
/// told to the caller as a tool error (`isError: true`).
pub trait ToolOutput {
    /// What a successful call gives.
    type Value: Serialize + JsonSchema;

    /// The value, or the text of the error.
    ///
    /// # Errors
    /// The text that the caller is to read.
    fn into_result(self) -> Result<Self::Value, String>;
}

impl<T: Serialize + JsonSchema, E: Display> ToolOutput for Result<T, E> {
    type Value = T;

    fn into_result(self) -> Result<T, String> {
        self.map_err(|error| error.to_string())
    }
}

impl<T: Serialize + JsonSchema> ToolOutput for Json<T> {
    type Value = T;

    fn into_result(self) -> Result<T, String> {
        Ok(self.0)
    }
}

macro_rules! plain_output {
    ($(($($generic:ident)?) $type:ty),* $(,)?) => {
        $(impl$(<$generic: Serialize + JsonSchema>)? ToolOutput for $type {
            type Value = Self;

            fn into_result(self) -> Result<Self, String> {
                Ok(self)
            }
        })*
    };
}

plain_output!(
    () Integer, () String, () bool, () i32, () i64, () u32, () u64, () usize, () f32, () f64,
    (T) Vec<T>, (T) Option<T>,
);
