//! The options that say where to connect and as whom.

mod header;

use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use http::HeaderMap;
use mcp_sigv4::{Named, Options, Protocol, Retries, Signing, Target, endpoint_of};
use url::Url;

use header::Header;

#[derive(Args, Clone)]
#[command(next_help_heading = "Connection")]
pub(super) struct Connection {
    /// The target of this CloudFormation stack: the function URL or runtime ARN among its outputs
    #[arg(long, global = true, value_name = "NAME")]
    stack: Vec<String>,

    /// The AgentCore runtime of this name: from .bedrock_agentcore.yaml here, else from the account
    #[arg(long, global = true, value_name = "NAME")]
    agent: Vec<String>,

    /// Sign for this service instead of the one the target tells
    #[arg(long, global = true)]
    service: Option<String>,

    /// Sign for this region instead of the one the target tells
    #[arg(long, global = true)]
    region: Option<String>,

    /// Take credentials and region from this AWS profile
    #[arg(long, global = true)]
    profile: Option<String>,

    /// Endpoint of the AgentCore runtime
    #[arg(long, global = true, value_name = "NAME")]
    qualifier: Option<String>,

    /// Join this session instead of letting the platform make one
    #[arg(long, global = true, value_name = "ID")]
    session_id: Option<String>,

    /// Seconds that a request may take, retries included
    #[arg(long, global = true, default_value_t = 120.0, value_name = "SECONDS", value_parser = seconds)]
    timeout: f64,

    /// Seconds that connecting may take
    #[arg(long, global = true, default_value_t = 10.0, value_name = "SECONDS", value_parser = seconds)]
    connect_timeout: f64,

    /// Seconds that a connection may be silent while an answer is awaited [default: the whole time]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    read_timeout: Option<f64>,

    /// How often to try again at most, where that is safe [default: 4, while throttled until the timeout]
    #[arg(long, global = true, value_name = "TIMES")]
    retries: Option<u32>,

    /// A header to send, and sign, with every request; ${NAME} stands for the environment variable
    #[arg(long = "header", global = true, value_name = "NAME: VALUE")]
    headers: Vec<Header>,

    /// Send what goes to an ARN here instead [env: AWS_ENDPOINT_URL_BEDROCK_AGENTCORE, AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL")]
    endpoint_url: Option<Url>,

    /// How to agree on the protocol version
    #[arg(long, global = true, value_enum, default_value_t, value_name = "HOW")]
    protocol: ProtocolChoice,

    /// Send requests without a signature
    #[arg(long, global = true)]
    unsigned: bool,

    /// Send requests without a signature where there are no credentials
    #[arg(long, global = true, conflicts_with = "unsigned")]
    skip_auth: bool,

    /// Allow plain http to other machines
    #[arg(long, global = true)]
    allow_http: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum ProtocolChoice {
    /// By the handshake that every server knows
    #[default]
    Initialize,
    /// 2026-07-28 where the server knows it, else by the handshake
    Auto,
    /// 2026-07-28, without a handshake
    #[value(name = "2026-07-28")]
    V2026_07_28,
}

/// A day, in seconds: longer than any session of AgentCore lives.
const LONGEST_TIMEOUT: f64 = 86_400.0;

pub(in crate::cli) fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let usable = seconds > 0.0 && seconds <= LONGEST_TIMEOUT;
    usable.then_some(seconds).ok_or_else(|| format!("must be more than 0 and at most {LONGEST_TIMEOUT}"))
}

/// Names a target where none is given.
pub(super) const TARGET_VARIABLE: &str = "MCP_TARGET";

/// Takes the target off the front of `[TARGET] TOOL …`: no tool is called like an ARN or a
/// URL.
pub(super) fn split_target(mut words: Vec<String>) -> (Option<String>, Vec<String>) {
    let named = words.first().is_some_and(|word| word.starts_with("arn:") || word.contains("://"));
    let target = named.then(|| words.remove(0));
    (target, words)
}

impl Connection {
    /// The one target that was named, with everything that was said about it, and how to
    /// connect.
    pub(super) async fn resolve(self, target: Option<String>) -> anyhow::Result<(Target, Options)> {
        let fallback = || std::env::var(TARGET_VARIABLE).ok().filter(|_| self.named().next().is_none());
        let texts = target.or_else(fallback).into_iter().collect();
        let (mut targets, options) = self.resolve_all(texts).await?;
        anyhow::ensure!(targets.len() < 2, "one target at a time: name it by ARN, URL, --stack or --agent");
        let target = targets.pop().with_context(|| {
            format!("which target? name an ARN or a URL, give --stack or --agent, or set {TARGET_VARIABLE}")
        })?;
        Ok((target, options))
    }

    /// Every target that was named, by text or by option, and how to connect.
    pub(super) async fn resolve_all(&self, texts: Vec<String>) -> anyhow::Result<(Vec<Target>, Options)> {
        let options = self.options()?;
        let mut targets = texts.iter().map(|text| self.target(text)).collect::<anyhow::Result<Vec<_>>>()?;
        for named in self.named() {
            targets.push(self.find(&named).await?);
        }
        Ok((targets, options))
    }

    /// The target of a text.
    pub(super) fn target(&self, text: &str) -> anyhow::Result<Target> {
        let target = self.specify(text.parse()?)?;
        Ok(match &self.region {
            Some(region) => target.with_region(region),
            None => target,
        })
    }

    /// The target named by option, if there is one.
    pub(super) async fn find(&self, named: &Named) -> anyhow::Result<Target> {
        let found = named.find(&self.options()?.signing, self.region.as_deref()).await?;
        // --region has said where to look, and the target says where it is.
        self.specify(found)
    }

    /// The same for another profile.
    pub(super) fn with_profile(&self, profile: &str) -> Self {
        Self { profile: Some(profile.to_owned()), ..self.clone() }
    }

    /// # Errors
    /// Fails where a protocol is chosen, which is for the proxy's client to do.
    pub(super) fn leaves_protocol_open(&self) -> anyhow::Result<()> {
        let chosen = !matches!(self.protocol, ProtocolChoice::Initialize);
        anyhow::ensure!(
            !chosen,
            "--protocol does not apply: the MCP client chooses how to agree on a version"
        );
        Ok(())
    }

    /// Whether a profile is named.
    pub(super) fn has_profile(&self) -> bool {
        self.profile.is_some()
    }

    /// Whether targets are named by option.
    pub(super) fn names_targets(&self) -> bool {
        self.named().next().is_some()
    }

    /// The targets named by option.
    pub(super) fn named(&self) -> impl Iterator<Item = Named> {
        let agents = self.agent.iter().cloned().map(Named::Agent);
        agents.chain(self.stack.iter().cloned().map(Named::Stack))
    }

    /// The target with what the options say of it.
    fn specify(&self, mut target: Target) -> anyhow::Result<Target> {
        if let Some(qualifier) = &self.qualifier {
            target = target.with_qualifier(qualifier)?;
        }
        if let Some(endpoint) = self.endpoint(&target)? {
            target = target.with_endpoint(&endpoint)?;
        }
        if let Some(service) = &self.service {
            target = target.with_service(service);
        }
        Ok(target)
    }

    /// How to connect.
    pub(super) fn options(&self) -> anyhow::Result<Options> {
        let profile = self.profile.clone();
        Ok(Options {
            signing: match (self.unsigned, self.skip_auth) {
                (true, _) => Signing::Unsigned,
                (false, true) => Signing::WherePossible { profile },
                (false, false) => Signing::DefaultChain { profile },
            },
            protocol: match self.protocol {
                ProtocolChoice::Initialize => Protocol::Initialize,
                ProtocolChoice::Auto => Protocol::Auto,
                ProtocolChoice::V2026_07_28 => Protocol::V2026_07_28,
            },
            session_id: self.session_id.clone(),
            timeout: Duration::from_secs_f64(self.timeout),
            connect_timeout: Duration::from_secs_f64(self.connect_timeout),
            read_timeout: self.read_timeout.map(Duration::from_secs_f64),
            retries: self.retries.map_or(Retries::WhereSafe, Retries::AtMost),
            headers: self.headers()?,
            allow_http: self.allow_http,
            ..Options::default()
        })
    }

    fn headers(&self) -> anyhow::Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        for header in &self.headers {
            let (name, value) =
                header.read(|variable| std::env::var(variable).ok()).map_err(anyhow::Error::msg)?;
            anyhow::ensure!(
                self.unsigned || name != http::header::AUTHORIZATION,
                "--header {name} would replace the signature: give it with --unsigned"
            );
            headers.append(name, value);
        }
        Ok(headers)
    }

    /// The endpoint to use; the environment's is for ARNs alone.
    fn endpoint(&self, target: &Target) -> anyhow::Result<Option<Url>> {
        if self.endpoint_url.is_some() || !target.takes_endpoint() {
            return Ok(self.endpoint_url.clone());
        }
        Ok(endpoint_of("bedrock_agentcore")?)
    }
}
