//! The HTTP client of the AWS credential providers: the one this crate has already, so that
//! one TLS stack, one set of proxy variables and one set of roots serve everything.

use std::sync::{Arc, OnceLock};
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

/// A reqwest client as AWS's. It is made when a provider first needs it: keys from the
/// environment or a file do without, and so without reading certificates.
#[derive(Clone, Debug, Default)]
pub(crate) struct AwsHttp {
    /// By way of the proxies that the environment names.
    outside: Arc<OnceLock<reqwest::Client>>,
    /// For the metadata endpoints of instances and containers, which are plain http and
    /// are never behind a proxy.
    metadata: Arc<OnceLock<reqwest::Client>>,
}

impl AwsHttp {
    fn client_for(&self, uri: &str) -> Result<reqwest::Client, Error> {
        let secure = uri.starts_with("https:");
        let client = if secure { &self.outside } else { &self.metadata };
        if let Some(client) = client.get() {
            return Ok(client.clone());
        }
        let made = http::build(if secure { http::builder()? } else { http::plain_builder().no_proxy() })?;
        Ok(client.get_or_init(|| made).clone())
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
        match self.http.client_for(request.uri()) {
            Ok(http) => HttpConnectorFuture::new(exchange(http, request, self.timeout)),
            Err(error) => HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        }
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
