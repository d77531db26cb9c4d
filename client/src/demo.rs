//! The script of the original guide: connect, list the tools, call each once.

use std::io::{self, Write};

use rmcp::model::{CallToolResult, JsonObject};
use serde_json::{Value, json};
use thiserror::Error;

use crate::client::{Client, Options};
use crate::error::Error;
use crate::target::Target;

/// Why the demo stopped.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The server could not be talked to.
    #[error(transparent)]
    Client(#[from] Error),
    /// A tool said no.
    #[error("{call} failed: {text}")]
    Tool {
        /// The call, as it is printed.
        call: String,
        /// What the tool said.
        text: String,
    },
    /// The lines could not be written.
    #[error("write the demo's output")]
    Io(#[from] io::Error),
}

impl DemoError {
    /// Whether the tool or the server said no, as opposed to the demo not having run.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        match self {
            Self::Client(error) => error.is_answer(),
            Self::Tool { .. } => true,
            Self::Io(_) => false,
        }
    }
}

/// The three calls of the guide, with the text that stands before the result.
pub(crate) const CALLS: [(&str, &str, &str); 3] = [
    ("add_numbers", r#"{"a": 5, "b": 3}"#, "add_numbers(5, 3)"),
    ("multiply_numbers", r#"{"a": 4, "b": 7}"#, "multiply_numbers(4, 7)"),
    ("greet_user", r#"{"name": "Alice"}"#, "greet_user('Alice')"),
];

/// What the demo found out.
#[derive(Clone, Debug)]
pub struct Demo {
    tools: Vec<Value>,
    calls: Vec<(String, CallToolResult)>,
}

impl Demo {
    /// Runs the script and prints the guide's lines as it goes.
    ///
    /// # Errors
    /// The first step that does not work.
    pub async fn run(target: Target, options: Options, out: &mut impl Write) -> Result<Self, DemoError> {
        writeln!(out, "Connecting to: {target}")?;
        let client = Client::connect(target, options).await?;
        let demo = Self::steps(&client, out).await;
        client.close().await;
        demo
    }

    async fn steps(client: &Client, out: &mut impl Write) -> Result<Self, DemoError> {
        let mut demo = Self { tools: Vec::new(), calls: Vec::new() };
        writeln!(out, "\n=== Available Tools ===")?;
        for tool in client.list_tools().await? {
            let description = tool.description.as_deref().unwrap_or_default();
            writeln!(out, "  - {}: {description}", tool.name)?;
            demo.tools.push(json!({ "name": tool.name, "description": description }));
        }
        for (tool, arguments, call) in CALLS {
            writeln!(out, "\n=== Testing {tool} tool ===")?;
            let result = client.call_tool(tool, read(arguments)).await?;
            let text = text_of(&result);
            if result.is_error == Some(true) {
                return Err(DemoError::Tool { call: call.to_owned(), text });
            }
            writeln!(out, "{call} = {text}")?;
            demo.calls.push((call.to_owned(), result));
        }
        Ok(demo)
    }

    /// The same for a machine.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let calls = self.calls.iter().map(|(call, result)| json!({ "call": call, "result": result }));
        json!({ "tools": self.tools, "calls": calls.collect::<Vec<_>>() })
    }
}

/// The arguments of one of [`CALLS`].
pub(crate) fn read(arguments: &str) -> JsonObject {
    serde_json::from_str(arguments).expect("the guide's arguments are JSON objects")
}

/// The text blocks of a result, a line each.
pub(crate) fn text_of(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| block.as_text());
    texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n")
}
