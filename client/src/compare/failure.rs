//! Kinds of failure, and when a host is given up.

use std::time::{Duration, Instant};

use crate::error::Error;

use super::record::Platform;

/// Throttled, as the AgentCore data plane says it.
const THROTTLED: i32 = -32003;

/// What the AgentCore data plane says itself, in the server's place: throttled, conflict,
/// validation, container or health (AgentCore developer guide, "MCP error codes").
const DATA_PLANE: [i32; 4] = [THROTTLED, -32005, -32006, -32010];

/// Whether an error is what the server answered, as opposed to what kept it from answering.
pub(crate) fn is_answer(error: &Error, platform: Platform) -> bool {
    match error {
        Error::Rpc { code, .. } => platform != Platform::AgentCore || !DATA_PLANE.contains(code),
        _ => false,
    }
}

/// What was said of a failure, fit to be shown to others: one line, no access key, nothing
/// that a terminal obeys.
pub(crate) fn said(error: &Error) -> String {
    let text = match error {
        Error::ExpiredToken(_) => "the credentials have expired".to_owned(),
        error => error.to_string(),
    };
    printable(text.lines().next().unwrap_or_default())
}

/// Without what a terminal takes for a command.
pub(crate) fn printable(text: &str) -> String {
    let shown =
        |character: char| if character.is_control() && character != '\n' { '\u{fffd}' } else { character };
    text.chars().map(shown).collect()
}

/// In few words, so that failures can be counted by them.
pub(crate) fn kind(error: &Error, platform: Platform) -> String {
    match error {
        Error::Status { status: 429, .. } => THROTTLING.to_owned(),
        Error::Rpc { code: THROTTLED, .. } if platform == Platform::AgentCore => THROTTLING.to_owned(),
        Error::Rpc { code, .. } => format!("JSON-RPC error {code}"),
        Error::Status { status, .. } | Error::NotMcp { status, .. } => format!("HTTP {status}"),
        Error::Forbidden(forbidden) => format!("HTTP {}", forbidden.status),
        Error::Unreachable { .. } => "not connected".to_owned(),
        Error::Broken { .. } => "connection broken".to_owned(),
        Error::TimedOut { .. } => "timed out".to_owned(),
        Error::ExpiredToken(_) | Error::ClockSkew { .. } => "signature refused".to_owned(),
        _ => "other".to_owned(),
    }
}

/// The kind that is the caller's rate, and not the host's fault.
pub(crate) const THROTTLING: &str = "throttled";

/// The kind of a tool that answers with an error where it did not before.
pub(crate) const TOOL_ERROR: &str = "tool error";

/// The kind of a call that has a result where it had an error before.
pub(crate) const NO_ERROR: &str = "result instead of an error";

/// What a host has to show for itself of late.
#[derive(Debug, Default)]
pub(crate) struct Health {
    failures_in_a_row: u32,
    since: Option<Instant>,
}

impl Health {
    const FAILURES: u32 = 3;
    const TIME: Duration = Duration::from_secs(5);

    pub(crate) fn answered(&mut self) {
        *self = Self::default();
    }

    /// Whether the host is to be given up: nothing but failures, for a while.
    pub(crate) fn failed(&mut self, now: Instant) -> bool {
        self.failures_in_a_row += 1;
        let since = *self.since.get_or_insert(now);
        self.failures_in_a_row >= Self::FAILURES && now.duration_since(since) >= Self::TIME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Error {
        Error::Status { status, host: String::new(), said: String::new() }
    }

    fn rpc(code: i32) -> Error {
        Error::Rpc { code, message: String::new(), hint: String::new() }
    }

    #[test]
    fn throttling_is_told_apart_from_failure() {
        assert_eq!(kind(&status(429), Platform::Lambda), THROTTLING);
        assert_eq!(kind(&rpc(-32003), Platform::AgentCore), THROTTLING);
        // From anybody else the code may mean anything.
        assert_eq!(kind(&rpc(-32003), Platform::Lambda), "JSON-RPC error -32003");
        assert_eq!(kind(&status(502), Platform::Lambda), "HTTP 502");
    }

    #[test]
    fn what_agentcore_says_in_the_servers_place_is_no_answer() {
        for code in [-32003, -32005, -32006, -32010] {
            assert!(!is_answer(&rpc(code), Platform::AgentCore), "{code}");
        }
        assert!(is_answer(&rpc(-32602), Platform::AgentCore) && is_answer(&rpc(-32003), Platform::Other));
        assert!(!is_answer(&status(500), Platform::Other));
    }

    #[test]
    fn what_is_said_of_a_failure_can_be_shown_to_others() {
        assert_eq!(said(&Error::ExpiredToken("AKIASECRET".to_owned())), "the credentials have expired");
        let colourful =
            Error::Rpc { code: 1, message: "\u{1b}[31mred\nmore".to_owned(), hint: String::new() };
        assert_eq!(said(&colourful), "the server refused: \u{fffd}[31mred");
    }

    #[test]
    fn a_host_is_given_up_after_a_while_of_nothing_but_failures() {
        let start = Instant::now();
        let mut health = Health::default();
        let mut failed = |seconds| health.failed(start + Duration::from_secs(seconds));
        assert_eq!([failed(0), failed(1), failed(4), failed(5)], [false, false, false, true]);
        // Two timeouts are not enough, three are.
        let mut health = Health::default();
        let mut failed = |seconds| health.failed(start + Duration::from_secs(seconds));
        assert_eq!([failed(0), failed(120), failed(240)], [false, false, true]);
    }

    #[test]
    fn an_answer_makes_good_for_all_failures() {
        let start = Instant::now();
        let mut health = Health::default();
        assert!(!health.failed(start));
        assert!(!health.failed(start));
        health.answered();
        assert!(!health.failed(start + Duration::from_mins(1)));
    }
}
