//! The calls that are made.

use std::str::FromStr;

use rmcp::model::JsonObject;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::demo;

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The tool's name.
    pub tool: String,
    /// What it is called with.
    #[serde(default)]
    pub arguments: JsonObject,
}

/// The calls that are made in turn, at least one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workload(Vec<ToolCall>);

/// A file that holds no calls.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WorkloadError {
    /// A line that is none.
    #[error(
        "line {line} is no call: {reason}; a line is like {{\"tool\": \"add_numbers\", \"arguments\": {{\"a\": 5, \"b\": 3}}}}"
    )]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// No line at all.
    #[error("there is no call in it")]
    Empty,
}

impl Default for Workload {
    /// The guide's three calls.
    fn default() -> Self {
        let call = |(tool, arguments, _): &(&str, &str, &str)| ToolCall {
            tool: (*tool).to_owned(),
            arguments: demo::read(arguments),
        };
        Self(demo::CALLS.iter().map(call).collect())
    }
}

impl FromStr for Workload {
    type Err = WorkloadError;

    /// Reads JSON lines, each a [`ToolCall`]; blank lines are passed over.
    fn from_str(text: &str) -> Result<Self, WorkloadError> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let read = lines.map(|(index, line)| {
            serde_json::from_str(line)
                .map_err(|error| WorkloadError::Line { line: index + 1, reason: error.to_string() })
        });
        let calls = read.collect::<Result<Vec<_>, _>>()?;
        if calls.is_empty() { Err(WorkloadError::Empty) } else { Ok(Self(calls)) }
    }
}

impl Workload {
    /// The calls.
    #[must_use]
    pub fn calls(&self) -> &[ToolCall] {
        &self.0
    }

    /// The call at a turn, around and around.
    pub(crate) fn at(&self, turn: usize) -> (usize, &ToolCall) {
        let index = turn % self.0.len();
        (index, &self.0[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_calls_is_read_line_by_line() {
        let text = "{\"tool\": \"now\"}\n\n{\"tool\": \"add\", \"arguments\": {\"a\": 1}}\n";
        let workload: Workload = text.parse().expect("a workload");
        assert_eq!(workload.calls().len(), 2);
        assert_eq!(workload.at(3).1.arguments["a"], 1);
    }

    #[test]
    fn a_line_that_is_no_call_is_named() {
        let error = "{\"tool\": \"now\"}\n{\"tol\": 1}".parse::<Workload>().expect_err("no call");
        assert!(error.to_string().starts_with("line 2 is no call: unknown field `tol`"), "{error}");
        assert_eq!("\n".parse::<Workload>(), Err(WorkloadError::Empty));
    }
}
