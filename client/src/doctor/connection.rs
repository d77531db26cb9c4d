//! The way to the target: its address, its certificate, its clock, and whether it is closed.

use std::time::{Duration, Instant, SystemTime};

use http::header::{ACCEPT, CONTENT_TYPE};
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::{Check, Examination, Finding, UNSIGNED, Verdict};
use crate::exchange::{NoReply, date};
use crate::http::{client_for, is_loopback};
use crate::target::Kind;

/// What AWS tolerates (IAM User Guide, "Troubleshooting AWS API requests": 5 minutes).
const TOLERATED_SKEW: Duration = Duration::from_mins(5);

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A request that does nothing.
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// Examines the way; whether it leads anywhere.
pub(super) async fn examine<R: FnMut(Finding)>(examination: &mut Examination<'_, R>) -> bool {
    let url = examination.target.url().clone();
    let dns = address(&url).await;
    let found = !matches!(dns, Verdict::Fail { .. });
    examination.report(Check::Dns, dns);
    let rest = [Check::Connection, Check::Closed, Check::Clock];
    if !found {
        examination.not_reached(&rest, "no address to connect to");
        return false;
    }
    let started = Instant::now();
    match unsigned(examination).await {
        Ok(response) => {
            let over = if url.scheme() == "https" { "over TLS" } else { "over plain http" };
            let took = started.elapsed().as_millis();
            examination.report(Check::Connection, Verdict::pass(format!("{over}, answered after {took} ms")));
            let closed = closed(examination, response.status().as_u16());
            examination.report(Check::Closed, closed);
            examination.report(Check::Clock, clock(&response));
            true
        }
        Err((reason, fix)) => {
            examination.report(Check::Connection, Verdict::fail(reason, fix));
            examination.not_reached(&rest[1..], "no connection");
            false
        }
    }
}

async fn address(url: &Url) -> Verdict {
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
    if is_loopback(url) {
        return Verdict::pass(format!("{host} is this machine"));
    }
    let uri = url.as_str().parse();
    if uri.is_ok_and(|uri| Matcher::from_system().intercept(&uri).is_some()) {
        return Verdict::not_reached("a proxy finds the address (HTTPS_PROXY)");
    }
    let fix = "check the name and its region for typing errors, and this machine's DNS";
    match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(addresses)) => match addresses.count() {
            0 => Verdict::fail(format!("{host} has no address"), fix),
            1 => Verdict::pass(format!("{host} has an address")),
            count => Verdict::pass(format!("{host} has {count} addresses")),
        },
        Ok(Err(error)) => Verdict::fail(format!("{host}: {error}"), fix),
        Err(_) => Verdict::fail(format!("{host}: no answer within {} s", PATIENCE.as_secs()), fix),
    }
}

/// Sends a request without a signature, as a stranger would. What went wrong comes with how
/// to mend it.
async fn unsigned<R>(examination: &Examination<'_, R>) -> Result<reqwest::Response, (String, &'static str)> {
    let url = examination.target.url();
    if url.scheme() == "http" && !is_loopback(url) && !examination.options.allow_http {
        return Err((
            "plain http, for anybody on the way to read".to_owned(),
            "use https, or pass --allow-http",
        ));
    }
    let fix = "check the URL, and what stands between: HTTPS_PROXY, a firewall, or a CA bundle for a proxy that opens TLS (SSL_CERT_FILE)";
    let client = client_for(url).map_err(|error| (error.to_string(), fix))?;
    let request = client
        .post(url.clone())
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json, text/event-stream")
        .timeout(PATIENCE)
        .body(PING);
    request.send().await.map_err(|error| (NoReply::from(error).reason, fix))
}

/// Whether a stranger was kept out, told from the status that a request without a signature got.
fn closed<R: FnMut(Finding)>(examination: &Examination<'_, R>, status: u16) -> Verdict {
    if examination.leaves_unsigned() {
        return Verdict::not_reached(UNSIGNED);
    }
    let fix = match examination.target.kind() {
        Kind::FunctionUrl => "set AuthType: AWS_IAM on the function URL",
        _ => "put AWS IAM authentication in front of it",
    };
    // Here IAM stands before the server, so whatever else the status is, the server made it.
    let guarded = matches!(examination.target.kind(), Kind::FunctionUrl | Kind::Runtime(_) | Kind::Gateway);
    match status {
        401 | 403 => Verdict::pass(format!("a request without a signature gets {status}")),
        429 | 503 => Verdict::not_reached(format!("a request without a signature gets {status}")),
        200..=299 => {
            Verdict::fail(format!("anybody can call it: a request without a signature gets {status}"), fix)
        }
        _ if guarded => {
            Verdict::fail(format!("a request without a signature gets as far as the server, {status}"), fix)
        }
        _ => {
            Verdict::not_reached(format!("a request without a signature gets {status}, which tells nothing"))
        }
    }
}

fn clock(response: &reqwest::Response) -> Verdict {
    let Some(server) = date(response.headers()) else {
        return Verdict::not_reached("the server does not tell the time");
    };
    let (skew, side) = match SystemTime::now().duration_since(server) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let seconds = skew.as_secs();
    // The header has whole seconds, and was written a moment ago.
    if seconds < 2 {
        return Verdict::pass("agrees with the server's");
    }
    let found = format!("this machine is {seconds} s {side} the server");
    if skew < TOLERATED_SKEW {
        return Verdict::pass(found);
    }
    let fix = "set this machine's clock (on Linux: timedatectl set-ntp true); AWS tolerates 5 minutes, and until then this client corrects for it, but other tools do not";
    Verdict::fail(found, fix)
}
