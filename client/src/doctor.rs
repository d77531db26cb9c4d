//! What is wrong with a deployment, found out step by step, and how to mend it.

mod connection;
mod identity;
mod protocol;

use std::fmt;

use serde::Serialize;

use crate::client::Options;
use crate::target::{Kind, Target};

/// What is checked, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// What the target's name tells.
    Target,
    /// Its host has an address.
    Dns,
    /// It can be connected to, over TLS where the URL says https.
    Connection,
    /// Nobody gets in without a signature.
    Closed,
    /// The clocks agree.
    Clock,
    /// There are credentials.
    Credentials,
    /// AWS knows them.
    Identity,
    /// The host accepts the signature.
    Signature,
    /// The identity may call.
    Permission,
    /// The server answers.
    Health,
    /// Which protocol versions it speaks.
    Protocol,
    /// It lists its tools.
    Tools,
    /// How long a request takes.
    RoundTrip,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Target => "target",
            Self::Dns => "DNS",
            Self::Connection => "connection",
            Self::Closed => "closed",
            Self::Clock => "clock",
            Self::Credentials => "credentials",
            Self::Identity => "identity",
            Self::Signature => "signature",
            Self::Permission => "permission",
            Self::Health => "health",
            Self::Protocol => "protocol",
            Self::Tools => "tools",
            Self::RoundTrip => "round trip",
        })
    }
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass {
        /// What was found.
        found: String,
    },
    /// Not as it should be.
    Fail {
        /// What was found.
        found: String,
        /// How to mend it.
        fix: String,
    },
    /// Nothing can be said: something before it failed, or it does not apply.
    NotReached {
        /// Why not.
        reason: String,
    },
}

impl Verdict {
    fn pass(found: impl Into<String>) -> Self {
        Self::Pass { found: found.into() }
    }

    fn fail(found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Fail { found: found.into(), fix: fix.into() }
    }

    fn not_reached(reason: impl Into<String>) -> Self {
        Self::NotReached { reason: reason.into() }
    }
}

/// A check and what it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// What it came to.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Examines a target as the client would call it, with the same options, and reports each
/// finding as it is made. Calls no tool. Whether nothing failed.
pub async fn examine(target: &Target, options: &Options, report: impl FnMut(Finding)) -> bool {
    let mut examination = Examination { target, options, report, healthy: true };
    if let Err(error) = options.signing.service(target) {
        let fix = "name the service with --service (and --region), or pass --unsigned";
        examination.report(Check::Target, Verdict::fail(error.to_string(), fix));
        examination.not_reached(&AFTER_TARGET, "nothing tells what to sign for");
        return false;
    }
    examination.report(Check::Target, Verdict::pass(describe(target)));
    let connected = connection::examine(&mut examination).await;
    let identified = identity::examine(&mut examination).await;
    match (connected, identified) {
        (true, true) => protocol::examine(&mut examination).await,
        (false, _) => examination.not_reached(&protocol::CHECKS, "no connection"),
        (true, false) => examination.not_reached(&protocol::CHECKS, "no credentials to sign with"),
    }
    examination.healthy
}

const AFTER_TARGET: [Check; 12] = [
    Check::Dns,
    Check::Connection,
    Check::Closed,
    Check::Clock,
    Check::Credentials,
    Check::Identity,
    Check::Signature,
    Check::Permission,
    Check::Health,
    Check::Protocol,
    Check::Tools,
    Check::RoundTrip,
];

/// Why a check of signatures does not apply.
const UNSIGNED: &str = "calls to this target are not signed";

/// An examination under way.
struct Examination<'a, R> {
    target: &'a Target,
    options: &'a Options,
    report: R,
    healthy: bool,
}

impl<R: FnMut(Finding)> Examination<'_, R> {
    fn report(&mut self, check: Check, verdict: Verdict) {
        self.healthy &= !matches!(verdict, Verdict::Fail { .. });
        (self.report)(Finding { check, verdict });
    }

    fn not_reached(&mut self, checks: &[Check], reason: &str) {
        for check in checks {
            self.report(*check, Verdict::not_reached(reason));
        }
    }

    /// Whether requests to the target go out without a signature.
    fn leaves_unsigned(&self) -> bool {
        matches!(self.options.signing.service(self.target), Ok(None))
    }
}

/// Service, region, account and name, as far as the target tells them.
fn describe(target: &Target) -> String {
    let what = match target.kind() {
        Kind::Runtime(Some(arn)) => {
            let parts: Vec<&str> = arn.splitn(6, ':').collect();
            let (account, resource) = (parts.get(4).unwrap_or(&"?"), parts.get(5).unwrap_or(&"?"));
            format!("AgentCore {resource}, account {account}")
        }
        Kind::Runtime(None) => "AgentCore runtime".to_owned(),
        Kind::Gateway => "AgentCore gateway".to_owned(),
        Kind::FunctionUrl => "Lambda function URL".to_owned(),
        Kind::ExecuteApi => "API of API Gateway".to_owned(),
        Kind::Aws => "AWS host".to_owned(),
        Kind::Other => "MCP server".to_owned(),
    };
    let scope = match (target.service(), target.region()) {
        (Some(service), Some(region)) => format!(", signed for {service} in {region}"),
        (Some(service), None) => format!(", signed for {service} in the configured region"),
        _ => String::new(),
    };
    format!("{what}{scope}")
}
