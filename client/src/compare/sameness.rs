//! Whether hosts behave the same: their tools, and their answers to the workload.

use rmcp::model::{CallToolResult, Tool};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use similar::TextDiff;

use super::failure::{is_answer, printable, said};
use super::record::Platform;
use super::workload::Workload;
use crate::client::Client;
use crate::error::Error;

/// What a host showed of itself.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    tools: Vec<Tool>,
    /// The answer to each call of the workload. A refusal of the call is an answer too.
    answers: Vec<Result<CallToolResult, String>>,
}

/// Something in which a host differs from the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The host, as the index of its lane.
    pub lane: usize,
    /// What differs: the tools, or the answer to a call.
    pub what: String,
    /// A unified diff, from the first host's to this one's.
    pub diff: String,
}

impl Behaviour {
    /// Lists the tools and makes each call of the workload once.
    pub(crate) async fn of(client: &Client, workload: &Workload) -> Result<Self, Error> {
        let platform = Platform::of(client.target());
        let tools = client.list_tools().await?;
        let mut answers = Vec::new();
        for call in workload.calls() {
            answers.push(match client.call_tool(&call.tool, call.arguments.clone()).await {
                Ok(answer) => Ok(answer),
                Err(error) if is_answer(&error, platform) => Err(said(&error)),
                Err(error) => return Err(error),
            });
        }
        Ok(Self { tools, answers })
    }

    /// How many tools there are.
    pub(crate) fn tool_count(&self) -> usize {
        self.tools.len()
    }

    /// How each call ends, in the order of the workload.
    pub(crate) fn endings(&self) -> Vec<Ending> {
        self.answers.iter().map(|answer| Ending::of(answer.as_ref().ok())).collect()
    }
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a result.
    Result,
    /// With an error of the tool.
    ToolError,
    /// With an error of the server.
    Refusal,
}

impl Ending {
    /// How a call ended whose answer had a result, or had none.
    pub(crate) fn of(result: Option<&CallToolResult>) -> Self {
        match result {
            None => Self::Refusal,
            Some(result) if result.is_error == Some(true) => Self::ToolError,
            Some(_) => Self::Result,
        }
    }
}

/// The most lines of a diff that are kept, and the most characters of each.
const MOST_LINES: usize = 100;
const LONGEST_LINE: usize = 300;

/// The most differences of which a diff is kept.
const MOST_DIFFS: usize = 20;

/// What differs between the first host, by name and behaviour, and each of the others.
pub(crate) fn differences(workload: &Workload, hosts: &[(&str, Behaviour)]) -> Vec<Difference> {
    let Some(((first, reference), others)) = hosts.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    for (lane, (name, behaviour)) in (1..).zip(others) {
        let mut compare = |what: String, left: String, right: String| {
            let what = printable(&what.chars().take(LONGEST_LINE).collect::<String>());
            if left != right {
                let diff = if found.len() < MOST_DIFFS {
                    diff([first, name], [&left, &right])
                } else {
                    String::new()
                };
                found.push(Difference { lane, what, diff });
            }
        };
        compare("the tools".to_owned(), pretty(&reference.tools), pretty(&behaviour.tools));
        let answers = reference.answers.iter().zip(&behaviour.answers);
        for (call, (left, right)) in workload.calls().iter().zip(answers) {
            let arguments = Value::Object(call.arguments.clone());
            compare(format!("the answer of {} to {arguments}", call.tool), answer(left), answer(right));
        }
    }
    found
}

/// What is in one text and not in the other, within bounds.
fn diff([first, second]: [&str; 2], [left, right]: [&str; 2]) -> String {
    let whole = TextDiff::from_lines(left, right).unified_diff().header(first, second).to_string();
    let lines = whole.lines().count();
    let shown = whole.lines().take(MOST_LINES).map(|line| match line.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…\n", &line[..end]),
        None => format!("{line}\n"),
    });
    let mut shown = printable(&shown.collect::<String>());
    if lines > MOST_LINES {
        shown += &format!("… and {} lines more\n", lines - MOST_LINES);
    }
    shown
}

fn answer(answer: &Result<CallToolResult, String>) -> String {
    let answer = match answer {
        Ok(answer) => answer,
        Err(refusal) => return format!("{refusal}\n"),
    };
    let mut answer = serde_json::to_value(answer).unwrap_or_default();
    // Since 2026-07-28 a result says that it is complete; before, every result was.
    if let Some(fields) =
        answer.as_object_mut().filter(|fields| fields.get("resultType") == Some(&"complete".into()))
    {
        fields.remove("resultType");
    }
    pretty(&answer)
}

/// A value by lines, its keys in order.
fn pretty(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    fn behaviour(description: &str, texts: [&str; 3]) -> Behaviour {
        let tool =
            json!({ "name": "add_numbers", "description": description, "inputSchema": { "type": "object" } });
        let answer = |text| serde_json::from_value(json!({ "content": [{ "type": "text", "text": text }] }));
        Behaviour {
            tools: vec![serde_json::from_value(tool).expect("a tool")],
            answers: texts.map(|text| Ok(answer(text).expect("a result"))).into(),
        }
    }

    #[test]
    fn what_is_the_same_has_no_differences() {
        let hosts = ["a", "b", "c"].map(|name| (name, behaviour("Add", ["8", "28", "Hello"])));
        assert_eq!(differences(&Workload::default(), &hosts), []);
    }

    #[test]
    fn what_differs_is_shown_line_by_line() {
        let hosts =
            [("a", behaviour("Add", ["8", "28", "Hello"])), ("b", behaviour("Sum", ["8", "29", "Hello"]))];
        let found = differences(&Workload::default(), &hosts);
        let what: Vec<_> =
            found.iter().map(|difference| (difference.lane, difference.what.as_str())).collect();
        assert_eq!(what, [(1, "the tools"), (1, r#"the answer of multiply_numbers to {"a":4,"b":7}"#)]);
        assert!(
            found[0].diff.contains("-    \"description\": \"Add\",\n+    \"description\": \"Sum\","),
            "{}",
            found[0].diff
        );
        assert!(found[1].diff.starts_with("--- a\n+++ b\n"), "{}", found[1].diff);
    }

    #[test]
    fn a_result_that_says_that_it_is_complete_is_the_same_as_one_that_need_not_say_it() {
        let (plain, mut explicit) =
            (behaviour("Add", ["8", "28", "Hello"]), behaviour("Add", ["8", "28", "Hello"]));
        let complete = json!({ "content": [{ "type": "text", "text": "8" }], "resultType": "complete" });
        explicit.answers[0] = Ok(serde_json::from_value(complete).expect("a result"));
        assert!(pretty(explicit.answers[0].as_ref().expect("an answer")).contains("resultType"));
        assert_eq!(differences(&Workload::default(), &[("a", plain), ("b", explicit)]), []);
    }

    #[test]
    fn a_refusal_is_an_answer() {
        let mut refusing = behaviour("Add", ["8", "28", "Hello"]);
        refusing.answers[0] = Err("JSON-RPC error -32602: unknown tool".to_owned());
        assert_eq!(refusing.endings(), [Ending::Refusal, Ending::Result, Ending::Result]);
        let found = differences(
            &Workload::default(),
            &[("a", behaviour("Add", ["8", "28", "Hello"])), ("b", refusing)],
        );
        assert!(found[0].diff.contains("+JSON-RPC error -32602: unknown tool"), "{}", found[0].diff);
    }

    #[test]
    fn a_diff_stays_within_bounds() {
        let long = format!("\u{1b}[31m{}\n{}", "b".repeat(5000), "a\n".repeat(5000));
        let diff = diff(["one", "two"], ["x\n", &long]);
        assert_eq!(diff.lines().count(), MOST_LINES + 1);
        assert!(diff.ends_with("lines more\n") && !diff.contains('\u{1b}'), "{diff}");
        assert!(diff.lines().all(|line| line.chars().count() <= LONGEST_LINE + 1));
    }
}
