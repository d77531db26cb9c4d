//! Against what botocore signs.

use http::Request;

use super::*;

const BODY: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
const DATE: &str = "20261122T000000Z";

/// A request that botocore signed, from the client's golden vectors.
struct Golden {
    parts: Parts,
    service: &'static str,
    identities: Identities,
}

fn at(date: &str) -> SystemTime {
    read_date(date).expect("a date")
}

fn golden() -> Vec<Golden> {
    include_str!("../../../client/tests/golden.txt").lines().map(golden_line).collect()
}

fn golden_line(line: &'static str) -> Golden {
    let [signature, service, url, token] = line.split(' ').collect::<Vec<_>>()[..] else {
        panic!("four words: {line}");
    };
    let token = (token != "None").then_some(token);
    let mut names = "accept;content-type;host;mcp-protocol-version;x-amz-date".to_owned();
    if token.is_some() {
        names.push_str(";x-amz-security-token");
    }
    let uri: http::Uri = url.parse().expect("a URI");
    let mut request = Request::post(uri.path_and_query().expect("a path").as_str())
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .header("host", uri.authority().expect("a host").as_str())
        .header("x-amz-date", DATE)
        .header(
            "authorization",
            format!("{ALGORITHM} Credential=AKIDEXAMPLE/20261122/us-east-1/{service}/aws4_request, SignedHeaders={names}, Signature={signature}"),
        );
    if let Some(token) = token {
        request = request.header("x-amz-security-token", token);
    }
    let identity = Identity {
        access_key: "AKIDEXAMPLE".to_owned(),
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session: token.map(|token| (token.to_owned(), at("20261122T010000Z"))),
        arn: "arn:aws:iam::123456789012:user/example".to_owned(),
        policies: Vec::new(),
    };
    let parts = request.body(()).expect("a request").into_parts().0;
    Golden { parts, service, identities: Identities::from_iter([identity]) }
}

impl Golden {
    fn verify_at(&self, now: &str, body: &[u8]) -> Result<(), SignatureError> {
        let scope = Scope { service: self.service, region: "us-east-1", now: at(now) };
        verify(&self.parts, body, &scope, &self.identities).map(drop)
    }

    fn verify(&self) -> Result<(), SignatureError> {
        self.verify_at(DATE, BODY)
    }
}

#[test]
fn what_botocore_signs_is_accepted() {
    for golden in golden() {
        assert_eq!(golden.verify(), Ok(()), "{}", golden.parts.uri);
    }
}

#[test]
fn any_change_to_what_was_signed_is_noticed() {
    for mut golden in golden() {
        assert_eq!(golden.verify_at(DATE, b"{}"), Err(SignatureError::Mismatch));
        golden.parts.method = http::Method::PUT;
        assert_eq!(golden.verify(), Err(SignatureError::Mismatch));
        golden.parts.method = http::Method::POST;
        golden.parts.uri = format!("{}x", golden.parts.uri).parse().expect("a URI");
        assert_eq!(golden.verify(), Err(SignatureError::Mismatch));
    }
    for name in ["accept", "host", "mcp-protocol-version"] {
        let mut golden = golden().remove(0);
        golden.parts.headers.insert(name, http::HeaderValue::from_static("other"));
        assert_eq!(golden.verify(), Err(SignatureError::Mismatch), "{name}");
    }
}

#[test]
fn five_minutes_are_tolerated_and_no_more() {
    for golden in golden() {
        assert_eq!(golden.verify_at("20261122T000500Z", BODY), Ok(()));
        assert_eq!(golden.verify_at("20261121T235500Z", BODY), Ok(()));
        let late = golden.verify_at("20261122T000501Z", BODY).expect_err("too late");
        assert_eq!(
            late.to_string(),
            "Signature expired: 20261122T000000Z is now earlier than 20261122T000001Z (20261122T000501Z - 5 min.)"
        );
        let early = golden.verify_at("20261121T235459Z", BODY);
        assert!(matches!(early, Err(SignatureError::NotYetCurrent { .. })), "{early:?}");
    }
}

#[test]
fn the_scope_must_be_that_of_the_door() {
    let golden = golden().remove(0);
    let verify = |service, region| {
        let scope = Scope { service, region, now: at(DATE) };
        verify(&golden.parts, BODY, &scope, &golden.identities).map(drop)
    };
    let wrong = |what: &str| Err(SignatureError::WrongScope(what.to_owned()));
    assert_eq!(verify("lambda", "us-east-1"), wrong("correct service: 'lambda'"));
    assert_eq!(verify("bedrock-agentcore", "eu-west-1"), wrong("a valid region, not 'us-east-1'"));
}

#[test]
fn keys_and_tokens_must_be_known_and_in_time() {
    let mut with_token = golden().remove(0);
    assert_eq!(with_token.identities.0[0].session.as_ref().map(|session| session.0.as_str()), Some("TOKEN"));
    with_token.identities.0[0].session = Some(("ANOTHER".to_owned(), at("20261122T010000Z")));
    assert_eq!(with_token.verify(), Err(SignatureError::UnknownToken));
    with_token.identities.0[0].session = Some(("TOKEN".to_owned(), at(DATE)));
    assert_eq!(with_token.verify(), Err(SignatureError::ExpiredToken));
    with_token.identities.0[0].session = None;
    assert_eq!(with_token.verify(), Err(SignatureError::UnknownToken));
    with_token.identities.0[0].access_key = "AKIDOTHER".to_owned();
    assert_eq!(with_token.verify(), Err(SignatureError::UnknownToken));
}

#[test]
fn another_secret_makes_another_signature() {
    let mut golden = golden().remove(0);
    golden.identities.0[0].secret.push('x');
    assert_eq!(golden.verify(), Err(SignatureError::Mismatch));
}

#[test]
fn what_is_missing_is_named() {
    let mut golden = golden().remove(0);
    golden.parts.headers.remove("x-amz-date");
    assert!(matches!(golden.verify(), Err(SignatureError::Incomplete(_))));
    golden.parts.headers.insert("authorization", http::HeaderValue::from_static("Bearer token"));
    assert!(matches!(golden.verify(), Err(SignatureError::Incomplete(_))));
    golden.parts.headers.remove("authorization");
    assert_eq!(golden.verify(), Err(SignatureError::Missing));
}

#[test]
fn dates_are_read_and_written() {
    for date in ["20261122T000000Z", "20240229T235959Z", "19991231T000000Z"] {
        assert_eq!(write_date(at(date)), date);
    }
    for wrong in ["", "2026-11-22T00:00:00Z", "20261322T000000Z", "20261122T000000z", "２０２６1122T0000"]
    {
        assert_eq!(read_date(wrong), None, "{wrong}");
    }
}
