//! What a person names as a target, and what its name tells: URL, service, region, and
//! the IAM actions that calling it takes.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use thiserror::Error;
use url::Url;

use crate::aws_host::{is_region, partition_suffix, read_aws_host};
use crate::http::is_loopback;

/// Where MCP requests go, and how they are to be signed.
///
/// Made from text by [`FromStr`]: an AgentCore runtime or gateway ARN, or a URL. Service
/// and region are read from the ARN or from the host's name; a host that tells neither
/// leaves them open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: Url,
    kind: Kind,
    service: Option<String>,
    region: Option<String>,
    given_as: GivenAs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GivenAs {
    Arn,
    Url,
}

/// What answers at a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An AgentCore runtime, with its ARN where the target tells it.
    Runtime(Option<String>),
    /// An AgentCore gateway.
    Gateway,
    /// A Lambda function URL.
    FunctionUrl,
    /// An API of API Gateway.
    ExecuteApi,
    /// Another host of AWS.
    Aws,
    /// Any other MCP server.
    Other,
}

/// A text that is no target.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TargetError {
    /// Neither an ARN nor an absolute http or https URL.
    #[error(
        "{0:?} is neither an AgentCore ARN nor an http(s) URL: give a runtime ARN, a function URL or another MCP URL"
    )]
    NotATarget(String),
    /// An ARN of something that has no MCP address of its own.
    #[error(
        "{0} is not the ARN of an AgentCore runtime or gateway (arn:aws:bedrock-agentcore:REGION:ACCOUNT:runtime/ID); for a Lambda function give its function URL"
    )]
    ForeignArn(String),
    /// An endpoint or a qualifier was given for a target that has no use for one.
    #[error("{option} applies to AgentCore runtimes given by ARN, not to {target}")]
    NotApplicable {
        /// The option that was given.
        option: &'static str,
        /// The target's URL.
        target: String,
    },
}

/// What RFC 3986 lets stand in a path segment; all else in an ARN is encoded, as boto3 does.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        if text.starts_with("arn:") { Self::from_arn(text) } else { Self::from_url(text) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl Target {
    /// Where requests are posted.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What answers there.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The service that requests are signed for, if the target tells it.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// The region that requests are signed for, if the target tells it.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Whether the target is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// The IAM actions that a caller of this target needs.
    #[must_use]
    pub fn iam_actions(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Runtime(_) => &["bedrock-agentcore:InvokeAgentRuntime"],
            Kind::Gateway => &["bedrock-agentcore:InvokeGateway"],
            Kind::FunctionUrl => &["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"],
            Kind::ExecuteApi => &["execute-api:Invoke"],
            Kind::Aws | Kind::Other => &[],
        }
    }

    /// Whether another endpoint may stand in for the target's own: it is a runtime, given
    /// by its ARN.
    #[must_use]
    pub fn takes_endpoint(&self) -> bool {
        self.given_as == GivenAs::Arn && matches!(self.kind, Kind::Runtime(_))
    }

    /// Whether what answers is one of AWS's own front doors for MCP servers.
    pub(crate) fn is_platform(&self) -> bool {
        matches!(self.kind, Kind::Runtime(_) | Kind::Gateway | Kind::FunctionUrl)
    }

    /// The endpoint ("qualifier") of the runtime that the URL names.
    pub(crate) fn qualifier(&self) -> String {
        let named = self.url.query_pairs().find(|(name, _)| name == "qualifier");
        named.map_or_else(|| "DEFAULT".to_owned(), |(_, value)| value.into_owned())
    }

    /// Sends what goes to an ARN's own endpoint to another one, keeping path and query.
    ///
    /// # Errors
    /// Fails for a target that was given as a URL: it says itself where it is.
    pub fn with_endpoint(mut self, endpoint: &Url) -> Result<Self, TargetError> {
        if !self.takes_endpoint() {
            return Err(TargetError::NotApplicable { option: "--endpoint-url", target: self.to_string() });
        }
        let mut url = endpoint.clone();
        let base = endpoint.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{}", self.url.path()));
        url.set_query(self.url.query());
        self.url = url;
        Ok(self)
    }

    /// Names the endpoint ("qualifier") of a runtime.
    ///
    /// # Errors
    /// Fails for anything but a runtime.
    pub fn with_qualifier(mut self, qualifier: &str) -> Result<Self, TargetError> {
        if !matches!(self.kind, Kind::Runtime(_)) {
            return Err(TargetError::NotApplicable { option: "--qualifier", target: self.to_string() });
        }
        // Not form encoding: its `+` for a blank is not what is signed.
        let named = format!("qualifier={}", utf8_percent_encode(qualifier, PATH_SEGMENT));
        let others = self.url.query().unwrap_or_default().split('&');
        let others = others.filter(|pair| !pair.is_empty() && !pair.starts_with("qualifier="));
        let query = others.chain([named.as_str()]).collect::<Vec<_>>().join("&");
        self.url.set_query(Some(&query));
        Ok(self)
    }

    /// Signs for a service other than the one the target tells.
    #[must_use]
    pub fn with_service(mut self, service: &str) -> Self {
        self.service = Some(service.to_owned());
        if service == "lambda" && self.kind == Kind::Other {
            self.kind = Kind::FunctionUrl;
        }
        self
    }

    /// Signs for a region other than the one the target tells.
    #[must_use]
    pub fn with_region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    fn from_arn(arn: &str) -> Result<Self, TargetError> {
        let foreign = || TargetError::ForeignArn(arn.to_owned());
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, partition, "bedrock-agentcore", region, account, resource] = parts[..] else {
            return Err(foreign());
        };
        let suffix = partition_suffix(partition).ok_or_else(foreign)?;
        if !is_region(region) || account.is_empty() {
            return Err(foreign());
        }
        let (url, kind) = match resource.split('/').collect::<Vec<_>>()[..] {
            ["runtime", id] => runtime_url(partition, region, account, id, "DEFAULT", suffix),
            ["runtime", id, "runtime-endpoint", endpoint] => {
                runtime_url(partition, region, account, id, endpoint, suffix)
            }
            ["gateway", id] => {
                (format!("https://{id}.gateway.bedrock-agentcore.{region}.{suffix}/mcp"), Kind::Gateway)
            }
            _ => return Err(foreign()),
        };
        let url = url.parse().map_err(|_| foreign())?;
        let (service, region) = (Some("bedrock-agentcore".to_owned()), Some(region.to_owned()));
        Ok(Self { url, kind, service, region, given_as: GivenAs::Arn })
    }

    fn from_url(text: &str) -> Result<Self, TargetError> {
        let not_a_target = || TargetError::NotATarget(text.to_owned());
        let url: Url = text.parse().map_err(|_| not_a_target())?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some()
        {
            return Err(not_a_target());
        }
        let host = url.host_str().ok_or_else(not_a_target)?.to_owned();
        let Some((service_label, region)) = read_aws_host(&host) else {
            return Ok(Self { url, kind: Kind::Other, service: None, region: None, given_as: GivenAs::Url });
        };
        let (service, kind) = match service_label {
            "lambda-url" => ("lambda", Kind::FunctionUrl),
            "execute-api" => ("execute-api", Kind::ExecuteApi),
            "bedrock-agentcore" if host.contains(".gateway.bedrock-agentcore.") => {
                ("bedrock-agentcore", Kind::Gateway)
            }
            "bedrock-agentcore" => ("bedrock-agentcore", Kind::Runtime(arn_in_path(&url))),
            other => (other, Kind::Aws),
        };
        let (service, region) = (Some(service.to_owned()), Some(region.to_owned()));
        Ok(Self { url, kind, service, region, given_as: GivenAs::Url })
    }
}

fn runtime_url(
    partition: &str,
    region: &str,
    account: &str,
    id: &str,
    endpoint: &str,
    suffix: &str,
) -> (String, Kind) {
    let arn = format!("arn:{partition}:bedrock-agentcore:{region}:{account}:runtime/{id}");
    let encoded = utf8_percent_encode(&arn, PATH_SEGMENT);
    let qualifier = utf8_percent_encode(endpoint, PATH_SEGMENT);
    let url = format!(
        "https://bedrock-agentcore.{region}.{suffix}/runtimes/{encoded}/invocations?qualifier={qualifier}"
    );
    (url, Kind::Runtime(Some(arn)))
}

/// The ARN in `/runtimes/{percent-encoded ARN}/invocations`.
fn arn_in_path(url: &Url) -> Option<String> {
    let mut segments = url.path_segments()?;
    let encoded = segments.find(|segment| *segment == "runtimes").and_then(|_| segments.next())?;
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
    decoded.starts_with("arn:").then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests;
