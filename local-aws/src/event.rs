//! Between HTTP and Lambda: the event of a function URL (payload format 2.0) and the
//! response that a function makes of it.

use std::time::SystemTime;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE, USER_AGENT};
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::account::{ACCOUNT, URL_ID};
use crate::identity::Identity;

/// The event for a request of an authenticated caller.
pub(crate) fn event(parts: &Parts, body: &[u8], caller: &Identity, now: SystemTime) -> Value {
    let text =
        |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let now = DateTime::<Utc>::from(now);
    let (body, encoded) = match std::str::from_utf8(body) {
        Ok(body) => (body.to_owned(), false),
        Err(_) => (BASE64_STANDARD.encode(body), true),
    };
    let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies: Vec<&str> = cookies.flat_map(|value| value.split("; ")).collect();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": parts.uri.path(),
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "cookies": cookies,
        "headers": headers(&parts.headers),
        "queryStringParameters": query(parts.uri.query().unwrap_or_default()),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": URL_ID,
            "authorizer": { "iam": {
                "accessKey": caller.access_key,
                "accountId": ACCOUNT,
                "callerId": "AIDALOCALAWS",
                "userArn": caller.arn,
                "userId": "AIDALOCALAWS",
            }},
            "domainName": text(HOST),
            "domainPrefix": URL_ID,
            "http": {
                "method": parts.method.as_str(),
                "path": parts.uri.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": text(USER_AGENT),
            },
            "requestId": Uuid::new_v4().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.timestamp_millis(),
        },
        "body": body,
        "isBase64Encoded": encoded,
    })
}

/// Names in lower case, repeated values joined by commas; not the signature, which stays at
/// the door.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let names = headers
        .keys()
        .filter(|name| !matches!(name.as_str(), "authorization" | "x-amz-security-token" | "cookie"));
    let joined = names.map(|name| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        (name.as_str().to_owned(), Value::String(values.collect::<Vec<_>>().join(",")))
    });
    joined.collect()
}

fn query(query: &str) -> Map<String, Value> {
    let pairs = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (name.to_owned(), Value::String(value.to_owned()))).collect()
}

/// A response as a function writes it, and the prelude of a streamed one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FunctionResponse {
    status_code: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl FunctionResponse {
    /// The response that the caller gets for a buffered payload. A payload that has no
    /// `statusCode` is itself the body.
    pub(crate) fn from_payload(payload: Bytes) -> Result<Response, String> {
        let Ok(response) = serde_json::from_slice::<Self>(&payload) else {
            let mut response = Response::new(Body::from(payload));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            return Ok(response);
        };
        let text = response.body.clone().unwrap_or_default();
        let body = if response.is_base64_encoded {
            BASE64_STANDARD.decode(&text).map_err(|error| format!("the body is not base64: {error}"))?
        } else {
            text.into_bytes()
        };
        response.with_body(Body::from(body))
    }

    /// The same with a body of its own.
    pub(crate) fn with_body(self, body: Body) -> Result<Response, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("the function's response is not usable: {error}");
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status_code).map_err(|error| wrong(&error))?;
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name.as_str()).map_err(|error| wrong(&error))?;
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|error| wrong(&error))?);
        }
        for cookie in &self.cookies {
            let cookie = HeaderValue::try_from(cookie.as_str()).map_err(|error| wrong(&error))?;
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(response)
    }
}
