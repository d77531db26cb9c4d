//! Hosts an rmcp handler as an AWS Lambda function behind an IAM-authed function URL.
//!
//! The function answers MCP at every path of its URL. IAM has authenticated the caller
//! before the function is invoked; who it was is in the event and is logged.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::task::{Context, Poll};

use lambda_http::request::RequestContext;
use lambda_http::{Body, Error, Request, RequestExt};
use mcp_http::{McpService, Origin};
use rmcp::ServerHandler;
use tower::Service;

/// The environment variable that names the [`InvokeMode`]: `BUFFERED` or
/// `RESPONSE_STREAM`, the values of the function URL's own `InvokeMode`. The two must
/// agree.
pub const INVOKE_MODE_VARIABLE: &str = "MCP_INVOKE_MODE";

/// How answers leave the function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvokeMode {
    /// In one piece, once complete. The right choice unless a handler sends progress.
    #[default]
    Buffered,
    /// Piece by piece.
    ResponseStream,
}

/// A text that names no [`InvokeMode`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownInvokeMode(String);

impl fmt::Display for UnknownInvokeMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown invoke mode {:?}: {INVOKE_MODE_VARIABLE} must be BUFFERED or RESPONSE_STREAM",
            self.0
        )
    }
}

impl std::error::Error for UnknownInvokeMode {}

impl FromStr for InvokeMode {
    type Err = UnknownInvokeMode;

    fn from_str(text: &str) -> Result<Self, UnknownInvokeMode> {
        match text {
            "BUFFERED" => Ok(Self::Buffered),
            "RESPONSE_STREAM" => Ok(Self::ResponseStream),
            other => Err(UnknownInvokeMode(other.to_owned())),
        }
    }
}

impl InvokeMode {
    /// Reads [`INVOKE_MODE_VARIABLE`]; buffered where it is not set.
    ///
    /// # Errors
    /// [`UnknownInvokeMode`] where it is set to anything else than a mode's name.
    pub fn from_env() -> Result<Self, UnknownInvokeMode> {
        match std::env::var_os(INVOKE_MODE_VARIABLE) {
            None => Ok(Self::default()),
            Some(text) => text.to_string_lossy().parse(),
        }
    }
}

/// Serves a handler to the Lambda Runtime API until the environment is frozen for good.
///
/// # Errors
/// Fails outside Lambda and where the Runtime API cannot be reached.
pub async fn run<H: ServerHandler>(handler: H, mode: InvokeMode) -> Result<(), Error> {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err("this is a Lambda function and AWS_LAMBDA_RUNTIME_API is not set: on a laptop, run `cargo lambda watch`".into());
    }
    let function = FunctionUrl { service: McpService::new(handler) };
    match mode {
        InvokeMode::Buffered => lambda_http::run(function).await,
        InvokeMode::ResponseStream => lambda_http::run_with_streaming_response(function).await,
    }
}

/// A function-URL event in, the MCP service's answer out.
struct FunctionUrl<H> {
    service: McpService<H>,
}

impl<H: ServerHandler> Service<Request> for FunctionUrl<H> {
    type Response = http::Response<mcp_http::Body>;
    type Error = Infallible;
    type Future = <McpService<H> as Service<http::Request<Body>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let origin = origin(&request);
        request.extensions_mut().insert(origin);
        self.service.call(request)
    }
}

fn origin(request: &Request) -> Origin {
    let context = request.lambda_context_ref();
    let caller = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            let iam = context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
            iam.and_then(|iam| iam.user_arn.clone())
        }
        _ => None,
    };
    Origin {
        request_id: context.map(|context| context.request_id.clone()),
        session_id: None,
        trace_id: context.and_then(|context| context.xray_trace_id.clone()),
        caller,
    }
}
