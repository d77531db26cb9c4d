//! Signs what clients that cannot sign send, and passes everything else on as it is. For the
//! interoperability checks alone: unlike `mcp-sigv4 proxy` it knows nothing of MCP, so that what a
//! client and a host say to each other is theirs.
//!
//! `forwarder [--strip HEADER]... TARGET` prints the URL that it listens at. Keys are those of the
//! environment, and the host is on this machine.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use clap::Parser;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mcp_sigv4::Target;
use tokio::net::TcpListener;
use url::Url;
use uuid::Uuid;

/// Those of one connection, and those that the next one has of its own.
const NOT_PASSED_ON: [HeaderName; 7] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::AUTHORIZATION,
];

/// Names the session of requests that name none: each would get a microVM of its own.
const SESSION_HEADERS: [HeaderName; 2] = [
    HeaderName::from_static("mcp-session-id"),
    HeaderName::from_static("x-amzn-bedrock-agentcore-runtime-session-id"),
];

/// More than any host takes.
const MAX_BODY_BYTES: usize = 200_000_000;

/// Sign requests and pass them on
#[derive(Parser)]
struct Arguments {
    /// Header that does not get through, as where a platform drops it
    #[arg(long, value_name = "HEADER")]
    strip: Vec<HeaderName>,

    /// A runtime's ARN or a function URL
    target: Target,
}

struct Forwarder {
    client: Client<HttpConnector, Body>,
    /// What is signed.
    url: Url,
    /// Where it is: not every resolver knows that names under .localhost are this machine.
    address: Uri,
    host: HeaderValue,
    service: String,
    region: String,
    credentials: Credentials,
    /// For AgentCore alone.
    session: Option<HeaderValue>,
    strip: Vec<HeaderName>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listen")?;
    let address = listener.local_addr()?;
    let forwarder = Arc::new(Forwarder::new(arguments)?);
    #[expect(clippy::print_stdout, reason = "what it is started for")]
    {
        println!("http://{address}/mcp");
    }
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    axum::serve(listener, Router::new().fallback(forward).with_state(forwarder)).await.context("serve")
}

impl Forwarder {
    fn new(Arguments { strip, mut target }: Arguments) -> anyhow::Result<Self> {
        if target.takes_endpoint() {
            let endpoint = variable("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE")?;
            target = target.with_endpoint(&endpoint.parse().context("parse the endpoint")?)?;
        }
        let url = target.url().clone();
        let service = target.service().context("the target tells no service")?.to_owned();
        let mut address = url.clone();
        address.set_ip_host(Ipv4Addr::LOCALHOST.into()).ok().context("the target has no host")?;
        let (address, host) = (address.as_str().parse()?, url.authority().parse()?);
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let session = (service == "bedrock-agentcore").then(|| Uuid::new_v4().to_string().try_into());
        let (key, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
        let credentials = Credentials::new(key, secret, None, None, "environment");
        let (session, region) = (session.transpose()?, variable("AWS_REGION")?);
        Ok(Self { client, url, address, host, service, region, credentials, session, strip })
    }

    async fn pass_on(&self, request: Request) -> anyhow::Result<Response> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, MAX_BODY_BYTES).await.context("read the request")?;
        let mut headers = parts.headers;
        for name in NOT_PASSED_ON.iter().chain(&self.strip) {
            headers.remove(name);
        }
        if let Some(session) = &self.session
            && !SESSION_HEADERS.iter().any(|name| headers.contains_key(name))
        {
            headers.insert(&SESSION_HEADERS[1], session.clone());
        }
        self.sign(parts.method.as_str(), &mut headers, &body)?;
        headers.insert(header::HOST, self.host.clone());
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = parts.method;
        *request.uri_mut() = self.address.clone();
        *request.headers_mut() = headers;
        let mut answer = self.client.request(request).await.context("reach the host")?;
        for name in &NOT_PASSED_ON {
            answer.headers_mut().remove(name);
        }
        Ok(answer.map(Body::new))
    }

    /// Signs the host, the time and the body, which is what AWS insists on.
    fn sign(&self, method: &str, headers: &mut HeaderMap, body: &[u8]) -> anyhow::Result<()> {
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(body);
        let request = SignableRequest::new(method, self.url.as_str(), std::iter::empty(), body)?;
        let (instructions, _) = sign(request, &parameters)?.into_parts();
        for header in instructions.into_parts().0 {
            headers.insert(HeaderName::from_static(header.name()), header.value().parse()?);
        }
        Ok(())
    }
}

fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("read {name}"))
}

async fn forward(State(forwarder): State<Arc<Forwarder>>, request: Request) -> Response {
    let passed_on = forwarder.pass_on(request).await;
    passed_on.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, format!("{error:#}\n")).into_response())
}
