//! What the proxy knows of a server's tools, from the lists that pass by.

use std::collections::HashMap;

use serde_json::Value;

use super::headers::{self, InHeader};

/// The tools of one server, by name.
#[derive(Debug, Default)]
pub(crate) struct Known {
    tools: HashMap<String, Tool>,
    listed: bool,
}

/// What matters of a tool.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) read_only: bool,
    /// Whether a call may arrive twice.
    pub(crate) repeatable: bool,
    pub(crate) in_headers: Vec<InHeader>,
}

impl Known {
    pub(crate) fn get(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }

    /// Whether any list has passed by.
    pub(crate) fn is_listed(&self) -> bool {
        self.listed
    }

    /// Forgets all: what was announced once may be announced otherwise.
    pub(crate) fn forget(&mut self) {
        self.tools.clear();
        self.listed = false;
    }

    /// Learns from a result of `tools/list`.
    pub(crate) fn learn(&mut self, result: &Value) {
        self.listed = true;
        for tool in listed(result) {
            let Some(name) = name(tool) else { continue };
            let hint = |hint| tool.pointer(hint).and_then(Value::as_bool) == Some(true);
            let read_only = hint("/annotations/readOnlyHint");
            let learned = Tool {
                read_only,
                repeatable: read_only || hint("/annotations/idempotentHint"),
                in_headers: tool.get("inputSchema").map(headers::wanted).unwrap_or_default(),
            };
            self.tools.insert(name.to_owned(), learned);
        }
    }
}

fn listed(result: &Value) -> impl Iterator<Item = &Value> {
    result.get("tools").and_then(Value::as_array).into_iter().flatten()
}

pub(crate) fn name(tool: &Value) -> Option<&str> {
    tool.get("name").and_then(Value::as_str)
}
