//! The HTTP client of the AWS credential providers: the one this crate has already, so that
//! one TLS stack, one set of proxy variables and one set of roots serve everything.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::error::Error;
use crate::http;

/// For a provider that sets no limit of its own.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A reqwest client as AWS's.
#[derive(Clone, Debug)]
pub(crate) struct AwsHttp {
    /// By way of the proxies that the environment names.
    outside: reqwest::Client,
    /// For the metadata endpoints of instances and containers, which are plain http and
    /// are never behind a proxy.
    metadata: reqwest::Client,
}

impl AwsHttp {
    /// # Errors
    /// Fails where certificates cannot be read.
    pub(crate) fn new() -> Result<Self, Error> {
        let outside = http::build(http::builder()?)?;
        // No TLS, so no certificates are read for it.
        let metadata = reqwest::Client::builder().tls_certs_only([]).no_proxy();
        Ok(Self { outside, metadata: http::build(metadata)? })
    }
}

impl HttpClient for AwsHttp {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let limits = [settings.connect_timeout(), settings.read_timeout()].into_iter().flatten();
        let timeout =
            Some(limits.sum()).filter(|limit: &Duration| !limit.is_zero()).unwrap_or(DEFAULT_TIMEOUT);
        SharedHttpConnector::new(Connector { http: self.clone(), timeout })
    }
}

#[derive(Debug)]
struct Connector {
    http: AwsHttp,
    timeout: Duration,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = if request.uri().starts_with("https:") { &self.http.outside } else { &self.http.metadata };
        HttpConnectorFuture::new(exchange(http.clone(), request, self.timeout))
    }
}

async fn exchange(
    http: reqwest::Client,
    request: HttpRequest,
    timeout: Duration,
) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let request = request.map(|body| body.bytes().map(<[u8]>::to_vec).unwrap_or_default());
    let mut request =
        reqwest::Request::try_from(request).map_err(|error| ConnectorError::user(error.into()))?;
    *request.timeout_mut() = Some(timeout);
    let response = http.execute(request).await.map_err(failed)?;
    let mut answer = ::http::Response::builder().status(response.status());
    for (name, value) in response.headers() {
        answer = answer.header(name, value);
    }
    let body = response.bytes().await.map_err(failed)?;
    let answer =
        answer.body(SdkBody::from(body)).map_err(|error| ConnectorError::other(error.into(), None))?;
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
}

fn failed(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
