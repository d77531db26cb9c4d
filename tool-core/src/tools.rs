//! The tools themselves.

use alloc::format;
use alloc::string::String;

use crate::Integer;

/// Returns `a + b`, exactly.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "a tool owns its arguments")]
pub fn add_numbers(a: Integer, b: Integer) -> Integer {
    &a + &b
}

/// Returns `a * b`, exactly.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "a tool owns its arguments")]
pub fn multiply_numbers(a: Integer, b: Integer) -> Integer {
    &a * &b
}

/// Returns a greeting. `name` is passed through untouched, whatever it holds.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "a tool owns its arguments")]
pub fn greet_user(name: String) -> String {
    format!("Hello, {name}! Nice to meet you.")
}
