//! SigV4 for one request, with a clock that can be corrected.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use crate::credentials::CachedCredentials;
use crate::error::{Error, Identity};

/// Signs requests for one service in one region.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    credentials: CachedCredentials,
    service: String,
    region: String,
    without_credentials: WithoutCredentials,
    /// Milliseconds to add to this machine's clock to get the server's.
    correction: Arc<AtomicI64>,
}

/// What becomes of a request where there are no credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithoutCredentials {
    Fail,
    Unsigned,
}

impl Signer {
    pub(crate) fn new(
        credentials: CachedCredentials,
        service: String,
        region: String,
        without_credentials: WithoutCredentials,
    ) -> Self {
        Self { credentials, service, region, without_credentials, correction: Arc::default() }
    }

    /// Signs a request: adds `x-amz-date`, `x-amz-security-token` where there is one, and
    /// `authorization` to headers that are all to be sent as they are.
    ///
    /// # Errors
    /// What keeps credentials from being had, or the request from being signed.
    pub(crate) async fn sign(
        &self,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
        body: &[u8],
    ) -> Result<Identity, Error> {
        let credentials = match self.credentials.get().await {
            Err(error @ Error::NoCredentials(_))
                if self.without_credentials == WithoutCredentials::Unsigned =>
            {
                tracing::warn!(%error, "the request goes out unsigned");
                return Ok(Identity::Unsigned);
            }
            credentials => credentials?,
        };
        let access_key = credentials.access_key_id().to_owned();
        let scope = Scope { service: &self.service, region: &self.region, time: self.now() };
        add_signature(credentials, &scope, method, url, headers, body)?;
        Ok(Identity::Signed { access_key, service: self.service.clone(), region: self.region.clone() })
    }

    /// Takes the server's clock for the right one.
    pub(crate) fn correct_clock(&self, server: SystemTime) {
        let correction = match server.duration_since(SystemTime::now()) {
            Ok(behind) => milliseconds(behind),
            Err(ahead) => -milliseconds(ahead.duration()),
        };
        self.correction.store(correction, Ordering::Relaxed);
    }

    /// Forgets credentials that the server called expired.
    pub(crate) async fn forget(&self, access_key: &str) {
        self.credentials.forget(access_key).await;
    }

    fn now(&self) -> SystemTime {
        let correction = self.correction.load(Ordering::Relaxed);
        let magnitude = Duration::from_millis(correction.unsigned_abs());
        if correction < 0 { SystemTime::now() - magnitude } else { SystemTime::now() + magnitude }
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

struct Scope<'a> {
    service: &'a str,
    region: &'a str,
    time: SystemTime,
}

fn add_signature(
    credentials: Credentials,
    scope: &Scope<'_>,
    method: &Method,
    url: &Url,
    headers: &mut HeaderMap,
    body: &[u8],
) -> Result<(), Error> {
    let refused = |error: &dyn std::error::Error| Error::Signing(error.to_string());
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(scope.time)
        // The default encodes the path once more, as AWS does for every service but S3:
        // an encoded ARN is signed as `arn%253Aaws%253A…`.
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| refused(&error))?
        .into();
    let texts = headers.iter().map(|(name, value)| Ok((name.as_str(), value.to_str()?)));
    let texts: Vec<(&str, &str)> =
        texts.collect::<Result<_, http::header::ToStrError>>().map_err(|error| refused(&error))?;
    let request =
        SignableRequest::new(method.as_str(), url.as_str(), texts.into_iter(), SignableBody::Bytes(body))
            .map_err(|error| refused(&error))?;
    let (instructions, _) = sign(request, &parameters).map_err(|error| refused(&error))?.into_parts();
    let (added, _) = instructions.into_parts();
    for header in added {
        let mut value = HeaderValue::from_str(header.value()).map_err(|error| refused(&error))?;
        value.set_sensitive(header.sensitive());
        headers.insert(HeaderName::from_static(header.name()), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

    /// Signs one of the requests that `tests/golden.py` has botocore sign.
    fn signature(service: &str, url: &str, token: Option<&str>) -> String {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            token.map(str::to_owned),
            None,
            "test",
        );
        let time = httpdate::parse_http_date("Sun, 22 Nov 2026 00:00:00 GMT").expect("a date");
        let scope = Scope { service, region: "us-east-1", time };
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("accept", HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert("mcp-protocol-version", HeaderValue::from_static("2025-11-25"));
        let url = url.parse().expect("a URL");
        add_signature(credentials, &scope, &Method::POST, &url, &mut headers, BODY).expect("signable");
        let authorization = headers["authorization"].to_str().expect("text");
        authorization.rsplit_once("Signature=").expect("a signature").1.to_owned()
    }

    #[test]
    fn signatures_are_those_of_botocore() {
        for line in include_str!("../tests/golden.txt").lines() {
            let [expected, service, url, token] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("four words: {line}");
            };
            let token = (token != "None").then_some(token);
            assert_eq!(signature(service, url, token), expected, "{service} {url}");
        }
    }
}
