//! The MCP face of the tools: one rmcp `ServerHandler` over plain functions.
//!
//! [`tools`] is where a tool is registered, once, with its name, title, description
//! and argument names; its schemas are derived from the function's own types.

mod argument;
mod function;
mod handler;
mod integer;
mod output;

pub use argument::{Argument, NO_ARGUMENTS};
pub use function::{ToolFunction, ToolResult};
pub use handler::Tools;
pub use output::ToolOutput;

use crate::tools as functions;

/// What the server says of itself to an agent.
const INSTRUCTIONS: &str = "Exact arithmetic on integers of any size, and greetings.";

/// The tools of this project, in the order in which they are listed.
#[must_use]
#[rustfmt::skip] // A tool is a line.
pub fn tools() -> Tools {
    Tools::new("rust-mcp-tools", env!("CARGO_PKG_VERSION"), INSTRUCTIONS)
        .tool("add_numbers", "Add numbers", "Add two numbers together", ["a", "b"], functions::add_numbers)
        .tool("multiply_numbers", "Multiply numbers", "Multiply two numbers together", ["a", "b"], functions::multiply_numbers)
        .tool("greet_user", "Greet a user", "Greet a user by name", ["name"], functions::greet_user)
}
