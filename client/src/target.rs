//! What a person names as a target, and what its name tells: URL, service, region, and
//! the IAM actions that calling it takes.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use thiserror::Error;
use url::{Host, Url};

/// Where MCP requests go, and how they are to be signed.
///
/// Made from text by [`FromStr`]: an `AgentCore` runtime or gateway ARN, or a URL. Service
/// and region are read from the ARN or from the host's name; a host that tells neither
/// leaves them open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: Url,
    kind: Kind,
    service: Option<String>,
    region: Option<String>,
}

/// What answers at a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An `AgentCore` runtime, with its ARN where the target tells it.
    Runtime(Option<String>),
    /// An `AgentCore` gateway.
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

/// The DNS suffixes under which AWS serves, with that of our own local front door.
const AWS_SUFFIXES: [&str; 11] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "csp.hci.ic.gov",
    "localhost",
];

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
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// The IAM actions that a caller of this target needs, and the resource to allow
    /// them on where it is known.
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

    /// Sends what goes to an ARN's own endpoint to another one, keeping path and query.
    ///
    /// # Errors
    /// Fails for a target that was given as a URL: it says itself where it is.
    pub fn with_endpoint(mut self, endpoint: &Url) -> Result<Self, TargetError> {
        if !matches!(self.kind, Kind::Runtime(_)) {
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
        Ok(Self { url, kind, service: Some("bedrock-agentcore".to_owned()), region: Some(region.to_owned()) })
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
            return Ok(Self { url, kind: Kind::Other, service: None, region: None });
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
        Ok(Self { url, kind, service, region })
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

fn partition_suffix(partition: &str) -> Option<&'static str> {
    Some(match partition {
        "aws" | "aws-us-gov" => "amazonaws.com",
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-f" => "csp.hci.ic.gov",
        _ => return None,
    })
}

/// The service's label and the region in the name of an AWS host.
///
/// The names have the form `[RESOURCE.]SERVICE[-fips].REGION[.vpce].SUFFIX`.
fn read_aws_host(host: &str) -> Option<(&str, &str)> {
    let name = AWS_SUFFIXES.iter().find_map(|suffix| host.strip_suffix(suffix)?.strip_suffix('.'))?;
    let name = name.strip_suffix(".vpce").unwrap_or(name);
    let (rest, region) = name.rsplit_once('.')?;
    let service = rest.rsplit('.').next()?;
    let service = service.strip_suffix("-fips").unwrap_or(service);
    (is_region(region) && !service.is_empty()).then_some((service, region))
}

/// `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`: words, then a number.
fn is_region(label: &str) -> bool {
    let mut words: Vec<&str> = label.split('-').collect();
    let number = words.pop().unwrap_or_default();
    words.len() >= 2
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The ARN in `/runtimes/{percent-encoded ARN}/invocations`.
fn arn_in_path(url: &Url) -> Option<String> {
    let mut segments = url.path_segments()?;
    let encoded = segments.find(|segment| *segment == "runtimes").and_then(|_| segments.next())?;
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
    decoded.starts_with("arn:").then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Target {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// A row of the table: what is given, what it is, service and region.
    macro_rules! rows {
        ($($name:ident: $text:expr => $kind:pat, $service:expr, $region:expr;)*) => {
            $(#[test]
            fn $name() {
                let target = read($text);
                assert!(matches!(target.kind(), $kind), "{:?}", target.kind());
                assert_eq!(target.service(), $service);
                assert_eq!(target.region(), $region);
            })*
        };
    }

    const ARN: &str = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/my_mcp-abcdefghij";

    rows! {
        runtime_arn: ARN => Kind::Runtime(Some(_)), Some("bedrock-agentcore"), Some("us-east-1");
        runtime_endpoint_arn: "arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/a-abcdefghij/runtime-endpoint/prod"
            => Kind::Runtime(Some(_)), Some("bedrock-agentcore"), Some("eu-central-1");
        gateway_arn: "arn:aws:bedrock-agentcore:us-west-2:123456789012:gateway/tools-abcdefghij"
            => Kind::Gateway, Some("bedrock-agentcore"), Some("us-west-2");
        runtime_url_with_arn: "https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A123456789012%3Aruntime%2Fa-abcdefghij/invocations?qualifier=DEFAULT"
            => Kind::Runtime(Some(_)), Some("bedrock-agentcore"), Some("us-west-2");
        runtime_url_with_account: "https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/a-abcdefghij/invocations?accountId=123456789012&qualifier=DEFAULT"
            => Kind::Runtime(None), Some("bedrock-agentcore"), Some("us-west-2");
        runtime_fips: "https://bedrock-agentcore-fips.us-gov-west-1.amazonaws.com/runtimes/a/invocations"
            => Kind::Runtime(None), Some("bedrock-agentcore"), Some("us-gov-west-1");
        runtime_vpc_endpoint: "https://vpce-0a1b-2c3d.bedrock-agentcore.us-east-1.vpce.amazonaws.com/runtimes/a/invocations"
            => Kind::Runtime(None), Some("bedrock-agentcore"), Some("us-east-1");
        runtime_dual_stack: "https://bedrock-agentcore.ap-southeast-2.api.aws/runtimes/a/invocations"
            => Kind::Runtime(None), Some("bedrock-agentcore"), Some("ap-southeast-2");
        gateway_url: "https://tools-abcdefghij.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp"
            => Kind::Gateway, Some("bedrock-agentcore"), Some("us-east-1");
        function_url: "https://abc123.lambda-url.us-east-1.on.aws/" => Kind::FunctionUrl, Some("lambda"), Some("us-east-1");
        function_url_in_china: "https://abc123.lambda-url.cn-north-1.on.amazonwebservices.com.cn/"
            => Kind::FunctionUrl, Some("lambda"), Some("cn-north-1");
        function_url_of_local_aws: "http://abc123.lambda-url.us-east-1.localhost:9001/"
            => Kind::FunctionUrl, Some("lambda"), Some("us-east-1");
        api_gateway: "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/prod/mcp"
            => Kind::ExecuteApi, Some("execute-api"), Some("eu-west-1");
        api_gateway_in_china: "https://a1b2c3.execute-api.cn-northwest-1.amazonaws.com.cn/prod/mcp"
            => Kind::ExecuteApi, Some("execute-api"), Some("cn-northwest-1");
        api_gateway_vpc_endpoint: "https://vpce-0a1b-2c3d.execute-api.us-east-1.vpce.amazonaws.com/prod/mcp"
            => Kind::ExecuteApi, Some("execute-api"), Some("us-east-1");
        aws_mcp_server: "https://aws-mcp.us-east-1.api.aws/mcp" => Kind::Aws, Some("aws-mcp"), Some("us-east-1");
        european_sovereign_cloud: "https://bedrock-agentcore.eusc-de-east-1.amazonaws.eu/runtimes/a/invocations"
            => Kind::Runtime(None), Some("bedrock-agentcore"), Some("eusc-de-east-1");
        host_without_region: "https://example.amazonaws.com/mcp" => Kind::Other, None, None;
        own_domain: "https://mcp.example.com/mcp" => Kind::Other, None, None;
        look_alike: "https://abc.lambda-url.us-east-1.on.aws.example.com/" => Kind::Other, None, None;
        loopback: "http://127.0.0.1:9000/lambda-url/mcp" => Kind::Other, None, None;
    }

    #[test]
    fn an_arn_becomes_the_url_that_the_guide_builds() {
        assert_eq!(
            read(ARN).to_string(),
            "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fmy_mcp-abcdefghij/invocations?qualifier=DEFAULT"
        );
    }

    #[test]
    fn partitions_have_their_own_domains() {
        let host = |arn: &str| read(arn).url().host_str().map(str::to_owned);
        let china = host("arn:aws-cn:bedrock-agentcore:cn-north-1:123456789012:runtime/a-abcdefghij");
        assert_eq!(china.as_deref(), Some("bedrock-agentcore.cn-north-1.amazonaws.com.cn"));
        let government =
            host("arn:aws-us-gov:bedrock-agentcore:us-gov-west-1:123456789012:runtime/a-abcdefghij");
        assert_eq!(government.as_deref(), Some("bedrock-agentcore.us-gov-west-1.amazonaws.com"));
    }

    #[test]
    fn a_qualifier_replaces_the_default_and_keeps_the_account() {
        let named = read(ARN).with_qualifier("prod v2").map(|target| target.url().query().map(str::to_owned));
        assert_eq!(named, Ok(Some("qualifier=prod%20v2".to_owned())));
        let url = "https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/a/invocations?accountId=1&qualifier=x";
        let named = read(url).with_qualifier("y").map(|target| target.url().query().map(str::to_owned));
        assert_eq!(named, Ok(Some("accountId=1&qualifier=y".to_owned())));
    }

    #[test]
    fn an_endpoint_replaces_the_host_of_an_arn_and_nothing_else() {
        let endpoint: Url = "http://127.0.0.1:9000".parse().expect("a URL");
        let target = read(ARN).with_endpoint(&endpoint).expect("an ARN takes an endpoint");
        assert!(target.to_string().starts_with("http://127.0.0.1:9000/runtimes/arn%3Aaws%3A"), "{target}");
        assert_eq!(target.region(), Some("us-east-1"));
        assert!(read("https://mcp.example.com/mcp").with_endpoint(&endpoint).is_err());
    }

    #[test]
    fn what_is_no_target_is_said_to_be_none() {
        for text in
            ["", "my-agent", "ftp://example.com/", "https://user:secret@example.com/", "localhost:8000"]
        {
            assert_eq!(text.parse::<Target>(), Err(TargetError::NotATarget(text.to_owned())));
        }
        for arn in [
            "arn:aws:lambda:us-east-1:123456789012:function:tools",
            "arn:aws:bedrock-agentcore:us-east-1:123456789012:memory/m",
            "arn:aws:bedrock-agentcore:us-east-1::runtime/x",
            "arn:aws:bedrock-agentcore",
        ] {
            assert_eq!(arn.parse::<Target>(), Err(TargetError::ForeignArn(arn.to_owned())));
        }
    }

    #[test]
    fn loopback_is_recognised_by_address_and_name() {
        for local in
            ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/", "http://x.localhost:1/"]
        {
            assert!(read(local).is_loopback(), "{local}");
        }
        for remote in ["http://example.com/", "http://localhost.example.com/", "http://10.0.0.1/"] {
            assert!(!read(remote).is_loopback(), "{remote}");
        }
    }
}
