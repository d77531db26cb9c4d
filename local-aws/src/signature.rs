//! Verifies AWS Signature Version 4, written from its specification (IAM User Guide,
//! "Create a signed AWS API request") and sharing no code with the client's signer.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::identity::{Identities, Identity};

/// How far a request's time may be from the server's.
pub(crate) const TOLERANCE: Duration = Duration::from_mins(5);

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// `UriEncode` of the specification: all but the unreserved characters.
const URI_ENCODE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a signature was not accepted, in the words of AWS.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum SignatureError {
    #[error("Missing Authentication Token")]
    Missing,
    #[error("{0}")]
    Incomplete(String),
    #[error("Credential should be scoped to {0}.")]
    WrongScope(String),
    #[error("The security token included in the request is invalid.")]
    UnknownToken,
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    #[error("Signature expired: {date} is now earlier than {earliest} ({now} - 5 min.)")]
    Expired { date: String, earliest: String, now: String },
    #[error("Signature not yet current: {date} is still later than {latest} ({now} + 5 min.)")]
    NotYetCurrent { date: String, latest: String, now: String },
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

/// What a door signs for, and its clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) now: SystemTime,
}

/// The parts of an Authorization header.
struct Authorization<'a> {
    access_key: &'a str,
    /// `date/region/service/aws4_request`
    credential_scope: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

/// Finds out who signed a request.
///
/// # Errors
/// [`SignatureError`], in the order in which AWS checks.
pub(crate) fn verify<'i>(
    parts: &Parts,
    body: &[u8],
    scope: &Scope<'_>,
    identities: &'i Identities,
) -> Result<&'i Identity, SignatureError> {
    let header = header(parts, "authorization").ok_or(SignatureError::Missing)?;
    let authorization = Authorization::parse(header)?;
    let date = header_or(
        parts,
        "x-amz-date",
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    )?;
    check_scope(authorization.credential_scope, date, scope)?;
    let identity = identities.find(authorization.access_key).ok_or(SignatureError::UnknownToken)?;
    check_token(parts, identity, scope.now)?;
    check_date(date, scope.now)?;
    for required in ["host", "x-amz-date"] {
        if !authorization.signed_headers.contains(&required) {
            return Err(SignatureError::Incomplete(format!(
                "'{required}' must be a 'SignedHeader' in the AWS Authorization."
            )));
        }
    }
    let request = canonical_request(parts, body, &authorization.signed_headers);
    let text =
        format!("{ALGORITHM}\n{date}\n{}\n{}", authorization.credential_scope, sha256(request.as_bytes()));
    let expected = hmac(&signing_key(&identity.secret, date, scope), text.as_bytes());
    let given = decode_hex(authorization.signature).ok_or(SignatureError::Mismatch)?;
    // Compares in constant time.
    expected.verify_slice(&given).map_err(|_| SignatureError::Mismatch)?;
    Ok(identity)
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Result<Self, SignatureError> {
        let incomplete = |what: &str| {
            SignatureError::Incomplete(format!(
                "Authorization header requires '{what}' parameter. Authorization={ALGORITHM}"
            ))
        };
        let fields = header.strip_prefix(ALGORITHM).ok_or_else(|| incomplete("Credential"))?;
        let field = |name: &str| {
            let mut fields = fields.split(',').map(str::trim);
            fields
                .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| incomplete(name))
        };
        let (access_key, credential_scope) =
            field("Credential")?.split_once('/').ok_or_else(|| incomplete("Credential"))?;
        let signed_headers = field("SignedHeaders")?.split(';').collect();
        Ok(Self { access_key, credential_scope, signed_headers, signature: field("Signature")? })
    }
}

fn header<'p>(parts: &'p Parts, name: &str) -> Option<&'p str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}

fn header_or<'p>(parts: &'p Parts, name: &str, missing: &str) -> Result<&'p str, SignatureError> {
    header(parts, name).ok_or_else(|| SignatureError::Incomplete(missing.to_owned()))
}

fn check_scope(given: &str, date: &str, scope: &Scope<'_>) -> Result<(), SignatureError> {
    let wrong = |what: String| Err(SignatureError::WrongScope(what));
    let [day, region, service, end] = given.split('/').collect::<Vec<_>>()[..] else {
        return wrong("a valid credential scope".to_owned());
    };
    if region != scope.region {
        return wrong(format!("a valid region, not '{region}'"));
    }
    if service != scope.service {
        return wrong(format!("correct service: '{}'", scope.service));
    }
    if end != "aws4_request" {
        return wrong("a valid terminator: 'aws4_request'".to_owned());
    }
    if date.get(..8) != Some(day) {
        return wrong(format!("the date of the request, not '{day}'"));
    }
    Ok(())
}

fn check_token(parts: &Parts, identity: &Identity, now: SystemTime) -> Result<(), SignatureError> {
    match (&identity.session, header(parts, "x-amz-security-token")) {
        (None, None) => Ok(()),
        (Some((token, expires)), Some(given)) if token == given => {
            (now < *expires).then_some(()).ok_or(SignatureError::ExpiredToken)
        }
        _ => Err(SignatureError::UnknownToken),
    }
}

fn check_date(date: &str, now: SystemTime) -> Result<(), SignatureError> {
    let time = read_date(date).ok_or_else(|| {
        SignatureError::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{date}'."))
    })?;
    let (earliest, latest) = (now - TOLERANCE, now + TOLERANCE);
    let (date, now) = (date.to_owned(), write_date(now));
    if time < earliest {
        return Err(SignatureError::Expired { date, earliest: write_date(earliest), now });
    }
    if time > latest {
        return Err(SignatureError::NotYetCurrent { date, latest: write_date(latest), now });
    }
    Ok(())
}

/// The form of `X-Amz-Date`, ISO 8601 without separators.
const DATE_FORMAT: &str = "%Y%m%dT%H%M%SZ";

fn read_date(date: &str) -> Option<SystemTime> {
    let read = NaiveDateTime::parse_from_str(date, DATE_FORMAT).ok()?.and_utc();
    // The parser forgives what the format does not allow.
    (read.format(DATE_FORMAT).to_string() == date).then(|| read.into())
}

fn write_date(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).format(DATE_FORMAT).to_string()
}

fn canonical_request(parts: &Parts, body: &[u8], signed_headers: &[&str]) -> String {
    let headers: String =
        signed_headers.iter().map(|name| format!("{name}:{}\n", canonical_values(parts, name))).collect();
    let path = canonical_path(parts.uri.path());
    let query = canonical_query(parts.uri.query().unwrap_or_default());
    // Always the hash of the bytes that came: a hash that the caller claims proves nothing.
    let hash = sha256(body);
    format!("{}\n{path}\n{query}\n{headers}\n{}\n{hash}", parts.method, signed_headers.join(";"))
}

fn canonical_values(parts: &Parts, name: &str) -> String {
    let values = parts.headers.get_all(name).iter().map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    values.collect::<Vec<_>>().join(",")
}

/// The path with every segment encoded once more than it came, as for every service but
/// S3; empty and dot segments taken out.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let encoded: String =
        segments.iter().map(|segment| format!("/{}", utf8_percent_encode(segment, URI_ENCODE))).collect();
    let end = if path.ends_with('/') || encoded.is_empty() { "/" } else { "" };
    encoded + end
}

fn canonical_query(query: &str) -> String {
    let encode = |text: &str| {
        let decoded: Vec<u8> = percent_decode_str(text).collect();
        percent_encoding::percent_encode(&decoded, URI_ENCODE).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn signing_key(secret: &str, date: &str, scope: &Scope<'_>) -> Vec<u8> {
    let steps = [&date[..8], scope.region, scope.service, "aws4_request"];
    steps.iter().fold(format!("AWS4{secret}").into_bytes(), |key, step| {
        hmac(&key, step.as_bytes()).finalize().into_bytes().to_vec()
    })
}

fn hmac(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().map(|byte| char::from(byte).to_digit(16)).collect::<Option<Vec<_>>>()?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair.get(1)?).ok()).collect()
}

#[cfg(test)]
mod tests;
