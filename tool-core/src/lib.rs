//! The tools: plain functions that know nothing of MCP, HTTP or AWS.
//!
//! Without features this crate does no I/O, reads no clock, needs no `std` and
//! depends on a big-integer crate alone. The feature `mcp` adds [`mcp`], the one
//! place that knows both a tool and the Model Context Protocol.
//!
//! A new tool is a function in `tools.rs` and a line in `mcp.rs`.

#![no_std]
extern crate alloc;

mod integer;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod tools;

pub use integer::{Integer, MAX_DIGITS, ParseIntegerError};
