//! Everything that can go wrong, each as one message that says what to do.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::denial::Denial;
use crate::target::{Kind, Target, TargetError};

/// Why a request had no answer, or which answer was a refusal.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The text given is no target.
    #[error(transparent)]
    Target(#[from] TargetError),

    /// Plain http to another machine.
    #[error(
        "{0} would be reached over plain http, for anybody on the way to read: use https, or --allow-http if you mean it"
    )]
    PlainHttp(String),

    /// A host that does not tell which service to sign for.
    #[error(
        "{0} does not tell which AWS service to sign for: name it with --service (and --region), or send unsigned requests with --unsigned"
    )]
    UnknownService(String),

    /// No region in the target nor in the configuration.
    #[error("no region to sign for: give --region, set AWS_REGION, or set a region in the AWS profile")]
    NoRegion,

    /// The default chain has no credentials.
    #[error(
        "no AWS credentials found: run `aws configure` or `aws sso login`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID; these were tried:\n{0}"
    )]
    NoCredentials(String),

    /// A provider of the chain has credentials and could not hand them out.
    #[error(
        "AWS credentials could not be loaded: {0}; if they come from a login, run `aws sso login` or `aws login` again"
    )]
    Credentials(String),

    /// Certificate authorities that are to be trusted and cannot be read.
    #[error("{variable} names {path}, which cannot be used: {reason}; give a file of certificates in PEM")]
    Certificates {
        /// The environment variable.
        variable: &'static str,
        /// The file that it names.
        path: String,
        /// What is wrong with it.
        reason: String,
    },

    /// An endpoint in the environment that cannot be used.
    #[error("{variable} is not a URL: {text:?}")]
    Endpoint {
        /// The environment variable.
        variable: String,
        /// What it says.
        text: String,
    },

    /// One of AWS's own APIs refused.
    #[error("{operation} was refused with {status}: {said}")]
    Api {
        /// The IAM action.
        operation: String,
        /// The HTTP status.
        status: u16,
        /// What AWS said.
        said: String,
    },

    /// A look-up with signing turned off.
    #[error("AWS is asked only by signed requests: leave out --unsigned, or give the target itself")]
    UnsignedLookup,

    /// A name under which nothing is deployed that could be called.
    #[error("{0}")]
    NotDeployed(String),

    /// A request that cannot be signed.
    #[error("the request could not be signed: {0}")]
    Signing(String),

    /// The session token is past its time.
    #[error(
        "the credentials have expired (access key {0}): renew them, for example with `aws sso login`, and try again"
    )]
    ExpiredToken(String),

    /// The clocks differ by more than AWS tolerates.
    #[error("this machine's clock is {} the server's, and correcting for it did not help: set the clock", skew(*.seconds))]
    ClockSkew {
        /// Seconds by which this machine is ahead; negative where it is behind.
        seconds: i64,
    },

    /// 401 or 403.
    #[error(transparent)]
    Forbidden(Box<Forbidden>),

    /// The connection could not be made.
    #[error("cannot connect to {host}: {reason}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the network said.
        reason: String,
    },

    /// The connection broke before the answer was complete.
    #[error("the connection to {host} broke before the answer was complete: {reason}; the call may have run")]
    Broken {
        /// Host and port.
        host: String,
        /// What the network said.
        reason: String,
    },

    /// Time ran out.
    #[error("no answer from {host} within {} s: give it more with --timeout", .after.as_secs_f64())]
    TimedOut {
        /// Host and port.
        host: String,
        /// The time allowed.
        after: Duration,
    },

    /// Time ran out for a tool that a proxy called.
    #[error(
        "no answer from {host} within {} s: give tools more with --tool-timeout; the call may have run",
        .after.as_secs_f64()
    )]
    ToolTimedOut {
        /// Host and port.
        host: String,
        /// The time allowed.
        after: Duration,
    },

    /// An answer that is not MCP's.
    #[error("{url} does not answer like an MCP server: HTTP {status}, {said}; check the URL and its path")]
    NotMcp {
        /// Where the request went.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What came back.
        said: String,
    },

    /// A session that is gone, and one begun anew that is not known either.
    #[error("{0} forgets the sessions that it begins: nothing can be asked in one")]
    SessionLost(String),

    /// An HTTP error that stayed after the retries that were safe.
    #[error("HTTP {status} from {host}: {said}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// Who answered.
        host: String,
        /// The body.
        said: String,
    },

    /// The server, or AgentCore for it, answered with a JSON-RPC error.
    #[error("the server refused: {message} ({code}){}", advice(hint))]
    Rpc {
        /// The JSON-RPC code.
        code: i32,
        /// The server's message.
        message: String,
        /// What to do, where the code tells.
        hint: String,
    },

    /// A failure inside the protocol client.
    #[error("{0}")]
    Protocol(String),
}

impl Error {
    /// Whether the server was reached and said no, as opposed to the call not having run.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Rpc { .. })
    }

    /// A JSON-RPC error with what is known of its code.
    pub(crate) fn rpc(code: i32, message: String, target: &Target) -> Self {
        let hint = platform_hint(code, target).unwrap_or_default();
        Self::Rpc { code, message, hint }
    }
}

/// What to do about an error of the AgentCore data plane, whose codes are beyond MCP's own
/// (AgentCore developer guide, "MCP error codes").
pub(crate) fn platform_hint(code: i32, target: &Target) -> Option<String> {
    let Kind::Runtime(_) = target.kind() else { return None };
    Some(match code {
        -32003 => "the runtime is throttled: call less often, or ask for a higher quota".to_owned(),
        -32004 => "check the ARN, its account and region, and the qualifier".to_owned(),
        -32005 => "another operation holds the session: try again, or use a session of its own".to_owned(),
        -32010 => format!(
            "the container did not start or failed its health probe: it must answer POST /mcp on port 8000, whatever Host header it is called by, and its log is in {}",
            log_group(target)
        ),
        _ => return None,
    })
}

/// Where the platform puts what a runtime's container prints.
pub(crate) fn log_group(target: &Target) -> String {
    let id = match target.kind() {
        Kind::Runtime(Some(arn)) => arn.rsplit('/').next(),
        _ => None,
    };
    let id = id.unwrap_or("<runtime id>");
    format!("the log group /aws/bedrock-agentcore/runtimes/{id}-{}", target.qualifier())
}

/// What to do, ready to follow what was said.
fn advice(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!("; {hint}") }
}

fn skew(seconds: i64) -> String {
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    format!("{} s {side}", seconds.unsigned_abs())
}

/// A request that AWS refused.
#[derive(Clone, Debug, Error)]
#[error("{status} from {host}: {said}\n{identity}{}", advice(hint))]
pub struct Forbidden {
    /// The HTTP status.
    pub status: u16,
    /// Who answered.
    pub host: String,
    /// What AWS said.
    pub said: String,
    /// How the request was signed.
    pub identity: Identity,
    /// What to do.
    pub hint: String,
    pub(crate) denial: Denial,
}

/// How a request was signed; never the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// With SigV4.
    Signed {
        /// The access key id.
        access_key: String,
        /// The service in the credential scope.
        service: String,
        /// The region in the credential scope.
        region: String,
    },
    /// Not at all.
    Unsigned,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed { access_key, service, region } => {
                write!(f, "signed with access key {access_key} for service {service} in {region}")
            }
            Self::Unsigned => f.write_str("the request was not signed"),
        }
    }
}
