//! The call itself: signature, permission, and a server that speaks MCP.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use super::{Check, Examination, Finding, UNSIGNED, Verdict};
use crate::client::{Client, Options, Protocol};
use crate::denial::Denial;
use crate::error::{Error, Forbidden};
use crate::target::{Kind, Target};

/// Requests whose median is the round trip.
const ROUND_TRIPS: usize = 5;

/// All that is checked here.
pub(super) const CHECKS: [Check; 6] =
    [Check::Signature, Check::Permission, Check::Health, Check::Protocol, Check::Tools, Check::RoundTrip];

/// What a call comes past.
const CALL: [Check; 3] = [Check::Signature, Check::Permission, Check::Health];

/// What a session shows.
const SESSION: [Check; 3] = [Check::Protocol, Check::Tools, Check::RoundTrip];

pub(super) async fn examine<R: FnMut(Finding)>(examination: &mut Examination<'_, R>) {
    match Client::connect(examination.target.clone(), examination.options.clone()).await {
        Ok(client) => {
            if examination.leaves_unsigned() {
                examination.not_reached(&CALL[..2], UNSIGNED);
            } else {
                for check in [Check::Signature, Check::Permission] {
                    examination.report(check, passed(examination.target, check));
                }
            }
            examination.report(Check::Health, Verdict::pass("the server answers"));
            session(examination, &client).await;
            client.close().await;
        }
        Err(error) => {
            failed(examination, &error);
            examination.not_reached(&SESSION, "no session");
        }
    }
}

/// What is said of a check in [`CALL`] that a call came past.
fn passed(target: &Target, check: Check) -> Verdict {
    let actions = target.iam_actions();
    if check == Check::Permission && !actions.is_empty() {
        return Verdict::pass(format!("{} allowed", actions.join(" and ")));
    }
    Verdict::pass("accepted")
}

/// Reports the check that failed, those before it as passed, those after it as not reached.
fn failed<R: FnMut(Finding)>(examination: &mut Examination<'_, R>, error: &Error) {
    let target = examination.target;
    let (failed, verdict) = diagnose(target, error);
    let signed = !examination.leaves_unsigned();
    let silent = matches!(error, Error::Forbidden(forbidden) if !is_aws_refusal(&forbidden.said));
    for check in CALL {
        let verdict = match failed.map(|failed| check.cmp(&failed)) {
            Some(Ordering::Less) if !signed => Verdict::not_reached(UNSIGNED),
            Some(Ordering::Less) if silent => Verdict::not_reached("the refusal does not tell"),
            Some(Ordering::Less) => passed(target, check),
            Some(Ordering::Equal) => verdict.clone(),
            Some(Ordering::Greater) => Verdict::not_reached("refused before"),
            // Nobody knows how far the request came.
            None if check == Check::Health => verdict.clone(),
            None => Verdict::not_reached("no answer tells"),
        };
        examination.report(check, verdict);
    }
}

/// Which check an error is the failure of, if it tells.
fn diagnose(target: &Target, error: &Error) -> (Option<Check>, Verdict) {
    let said = error.to_string();
    match error {
        Error::Forbidden(forbidden) => (Some(check_of(forbidden.denial)), refused(target, forbidden)),
        Error::ExpiredToken(key) => {
            let found = format!("the credentials have expired (access key {key})");
            (Some(Check::Signature), Verdict::fail(found, "renew them, for example with `aws sso login`"))
        }
        Error::ClockSkew { .. } => (Some(Check::Signature), Verdict::fail(said, "set this machine's clock")),
        // Something answered, so it was let through.
        Error::Rpc { message, code, hint } => {
            let fix = if hint.is_empty() { "see the server's log" } else { hint };
            (Some(Check::Health), Verdict::fail(format!("{message} ({code})"), fix))
        }
        Error::Status { status: 429, .. } => {
            let fix = "raise the reserved concurrency or the account's quota, or call less often";
            (Some(Check::Health), Verdict::fail(said, fix))
        }
        Error::Status { .. } => (Some(Check::Health), Verdict::fail(said, log_hint(target))),
        Error::NotMcp { status, said, .. } => {
            let found = format!("it does not answer like an MCP server: HTTP {status}, {said}");
            let fix = "check the URL and its path, and that an MCP server is deployed there";
            (Some(Check::Health), Verdict::fail(found, fix))
        }
        _ => (None, Verdict::fail(said, log_hint(target))),
    }
}

/// Whether a refusal is in the words that AWS has for a caller it knows, or the server's own
/// behind it; anything between here and there may say 403 as well.
fn is_aws_refusal(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    ["not authorized", "forbidden", "access denied", "accessdenied", "host header"]
        .iter()
        .any(|words| said.contains(words))
}

/// The check that a refusal is the failure of.
fn check_of(denial: Denial) -> Check {
    match denial {
        Denial::HostRefused => Check::Health,
        Denial::NotAllowed => Check::Permission,
        _ => Check::Signature,
    }
}

fn refused(target: &Target, forbidden: &Forbidden) -> Verdict {
    let found = format!("{} {}", forbidden.status, forbidden.said);
    let hint = forbidden.hint.as_str();
    let nameless = forbidden.denial == Denial::NotAllowed && target.kind() != &Kind::Other;
    let name = nameless.then_some("check the name too: AWS says the same of what does not exist");
    let fix: Vec<&str> = [hint].into_iter().filter(|hint| !hint.is_empty()).chain(name).collect();
    let fix = if fix.is_empty() {
        "see who refuses, and why, in the server's log".to_owned()
    } else {
        fix.join("; ")
    };
    Verdict::fail(found, fix)
}

fn log_hint(target: &Target) -> String {
    match target.kind() {
        Kind::FunctionUrl => {
            "see the function's log (`sam logs`, or `aws logs tail /aws/lambda/NAME`): it crashed, ran out of time or memory, or its MCP_INVOKE_MODE is not the URL's".to_owned()
        }
        Kind::Runtime(_) => format!("see the container's log: {}", crate::error::log_group(target)),
        _ => "see the server's log".to_owned(),
    }
}

/// What a session that has begun tells.
async fn session<R: FnMut(Finding)>(examination: &mut Examination<'_, R>, client: &Client) {
    let mut versions = vec![version(client)];
    let other = if client.is_stateless() { Protocol::Initialize } else { Protocol::V2026_07_28 };
    let options = Options { protocol: other, ..examination.options.clone() };
    if let Ok(client) = Client::connect(examination.target.clone(), options).await {
        versions.push(version(&client));
        client.close().await;
    }
    examination.report(Check::Protocol, Verdict::pass(versions.join(", ")));

    match client.list_tools().await {
        Ok(tools) => {
            let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
            examination.report(Check::Tools, Verdict::pass(format!("{}: {}", names.len(), names.join(", "))));
        }
        Err(error) => {
            examination.report(Check::Tools, Verdict::fail(error.to_string(), log_hint(examination.target)));
        }
    }
    if client.is_stateless() {
        return examination.not_reached(&[Check::RoundTrip], "this protocol version has no ping");
    }
    let verdict = match round_trip(client).await {
        Ok(median) => {
            let milliseconds = median.as_secs_f64() * 1e3;
            Verdict::pass(format!("{milliseconds:.1} ms, the median of {ROUND_TRIPS} pings"))
        }
        Err(error) => Verdict::fail(error.to_string(), log_hint(examination.target)),
    };
    examination.report(Check::RoundTrip, verdict);
}

fn version(client: &Client) -> String {
    let how = if client.is_stateless() { "stateless" } else { "by initialize" };
    format!("{} {how}", client.protocol_version())
}

async fn round_trip(client: &Client) -> Result<Duration, Error> {
    let mut times = [Duration::ZERO; ROUND_TRIPS];
    for time in &mut times {
        let started = Instant::now();
        client.ping().await?;
        *time = started.elapsed();
    }
    times.sort();
    Ok(times[ROUND_TRIPS / 2])
}
