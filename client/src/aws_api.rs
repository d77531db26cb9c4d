//! Signed requests to AWS's own APIs: who is calling, and what is deployed where.

use std::env;
use std::time::Duration;

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use crate::aws_host::region_suffix;
use crate::credentials::CachedCredentials;
use crate::denial::Denial;
use crate::error::Error;
use crate::exchange;
use crate::signer::{Signer, WithoutCredentials};
use crate::signing::Signing;

/// How long a look-up may take: it is one small request, with a person waiting.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The services that are asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Service {
    Sts,
    CloudFormation,
    AgentCoreControl,
}

impl Service {
    /// The first label of its hosts.
    fn host(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::CloudFormation => "cloudformation",
            Self::AgentCoreControl => "bedrock-agentcore-control",
        }
    }

    /// The service in the credential scope.
    fn signing_name(self) -> &'static str {
        match self {
            Self::AgentCoreControl => "bedrock-agentcore",
            _ => self.host(),
        }
    }
}

/// The AWS APIs of one region, as one identity.
#[derive(Debug)]
pub(crate) struct AwsApi {
    credentials: CachedCredentials,
    region: String,
}

impl AwsApi {
    /// The APIs as whoever signs, in `region` or else in the configured one.
    ///
    /// # Errors
    /// No credentials, no region, or signing is off.
    pub(crate) async fn new(signing: &Signing, region: Option<&str>) -> Result<Self, Error> {
        let keys = Box::pin(signing.keys(region)).await;
        let keys = keys.ok_or(Error::UnsignedLookup)?;
        Ok(Self { credentials: keys.credentials, region: keys.region.ok_or(Error::NoRegion)? })
    }

    /// What requests are signed with.
    ///
    /// # Errors
    /// No credentials, or none that could be loaded.
    pub(crate) async fn credentials(&self) -> Result<Credentials, Error> {
        self.credentials.get().await
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Calls an operation of the Query protocol and returns its XML.
    ///
    /// # Errors
    /// [`Error::Api`] with what AWS said.
    pub(crate) async fn query(
        &self,
        service: Service,
        operation: &str,
        version: &str,
        parameter: Option<(&str, &str)>,
    ) -> Result<String, Error> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation).append_pair("Version", version).extend_pairs(parameter);
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let url = self.url(service, "/")?;
        self.post(service, operation, url, content_type, form.finish().into()).await
    }

    /// Calls an operation of a REST API and returns its JSON. `path` may have a query.
    ///
    /// # Errors
    /// [`Error::Api`] with what AWS said.
    pub(crate) async fn rest(&self, service: Service, operation: &str, path: &str) -> Result<String, Error> {
        let content_type = HeaderValue::from_static("application/json");
        let url = self.url(service, path)?;
        self.post(service, operation, url, content_type, Bytes::new()).await
    }

    fn url(&self, service: Service, path: &str) -> Result<Url, Error> {
        let (host, region) = (service.host(), &self.region);
        let endpoint = match endpoint_of(&host.replace('-', "_"))? {
            Some(endpoint) => endpoint.to_string(),
            None => format!("https://{host}.{region}.{}", region_suffix(region)),
        };
        let url = format!("{}{path}", endpoint.trim_end_matches('/'));
        url.parse().map_err(|_| Error::Endpoint { variable: format!("the endpoint of {host}"), text: url })
    }

    async fn post(
        &self,
        service: Service,
        operation: &str,
        url: Url,
        content_type: HeaderValue,
        body: Bytes,
    ) -> Result<String, Error> {
        let operation = format!("{}:{operation}", service.signing_name());
        let http = crate::http::client_for(&url)?;
        let signer = Signer::new(
            self.credentials.clone(),
            service.signing_name().to_owned(),
            self.region.clone(),
            WithoutCredentials::Fail,
        );
        let mut corrected = false;
        loop {
            let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.clone())]);
            signer.sign(&Method::POST, &url, &mut headers, &body).await?;
            let failed = |error: reqwest::Error| Error::Unreachable {
                host: url.authority().to_owned(),
                reason: crate::exchange::NoReply::from(error).reason,
            };
            let request = http.post(url.clone()).headers(headers).body(body.clone()).timeout(TIMEOUT);
            let response = request.send().await.map_err(failed)?;
            let (status, date) = (response.status(), exchange::date(response.headers()));
            let text = response.text().await.map_err(failed)?;
            if status == StatusCode::OK {
                return Ok(text);
            }
            let said = said(&text);
            match date.filter(|_| !corrected && Denial::read(&said) == Denial::Skewed) {
                Some(date) => signer.correct_clock(date),
                None => return Err(Error::Api { operation, status: status.as_u16(), said }),
            }
            corrected = true;
        }
    }
}

/// The endpoint that the environment names for a service, by the variables that AWS's SDKs
/// read: `AWS_ENDPOINT_URL_{SERVICE}`, else `AWS_ENDPOINT_URL` (AWS SDKs and Tools Reference
/// Guide, "Service-specific endpoints").
///
/// # Errors
/// [`Error::Endpoint`] for a text that is no URL.
pub fn endpoint_of(service: &str) -> Result<Option<Url>, Error> {
    let specific = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase());
    let set = [specific, "AWS_ENDPOINT_URL".to_owned()].into_iter().find_map(|variable| {
        let text = env::var(&variable).ok().filter(|text| !text.is_empty())?;
        Some((variable, text))
    });
    let Some((variable, text)) = set else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Error::Endpoint { variable, text })
}

/// What an AWS API says when it refuses, in XML or in JSON.
fn said(body: &str) -> String {
    xml_text(body, "Message").unwrap_or_else(|| exchange::said(body.as_bytes()))
}

/// The text of the first element of that name.
pub(crate) fn xml_text(xml: &str, element: &str) -> Option<String> {
    let document = roxmltree::Document::parse(xml).ok()?;
    let found = document.descendants().find(|node| node.tag_name().name() == element)?;
    found.text().map(str::to_owned)
}
