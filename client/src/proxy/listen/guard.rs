//! Who may use the endpoint: programs of this machine that mean it. A web page elsewhere could
//! reach it too, by a name that it has pointed here (DNS rebinding).

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;

use crate::http::is_loopback;

pub(super) async fn check(request: Request, next: Next) -> Response {
    if let Some(why) = refusal(request.headers()) {
        tracing::warn!(why, "refused");
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    next.run(request).await
}

fn refusal(headers: &HeaderMap) -> Option<&'static str> {
    let value =
        |name: HeaderName| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    let hosts: Vec<&str> = value(HOST).collect();
    let host_is_local = matches!(hosts[..], [host] if is_local(&format!("http://{host}")));
    if !host_is_local {
        return Some("Host must name this machine: localhost, 127.0.0.1 or [::1]");
    }
    (!value(ORIGIN).all(is_local))
        .then_some("Origin must be this machine: web pages elsewhere are not let in")
}

fn is_local(url: &str) -> bool {
    url.parse::<Url>().is_ok_and(|url| is_loopback(&url) && url.username().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(HeaderName, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().expect("a value")));
        refusal(&headers.collect()).is_some()
    }

    #[test]
    fn only_this_machine_by_name_is_let_in() {
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "localhost"] {
            assert!(!refused(&[(HOST, host)]), "{host}");
        }
        for host in
            ["example.com", "localhost.example.com", "127.0.0.1.nip.io:8080", "localhost@evil.com", ""]
        {
            assert!(refused(&[(HOST, host)]), "{host}");
        }
        assert!(refused(&[]));
    }

    #[test]
    fn web_pages_elsewhere_are_not_let_in() {
        assert!(!refused(&[(HOST, "localhost"), (ORIGIN, "http://localhost:6274")]));
        for origin in ["https://example.com", "null", "http://localhost.example.com"] {
            assert!(refused(&[(HOST, "localhost"), (ORIGIN, origin)]), "{origin}");
        }
    }
}
