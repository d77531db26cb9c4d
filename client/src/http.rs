//! What every HTTP client here has in common.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use reqwest::Certificate;
use url::{Host, Url};

use crate::client::Options;
use crate::error::Error;

/// Where other tools are told which authorities to trust besides the system's. SSL_CERT_FILE
/// and SSL_CERT_DIR, which replace the system's, are read by the TLS library itself.
const CA_VARIABLES: [&str; 4] =
    ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

/// A connection that hears nothing for this long is asked for a sign of life, and given up
/// after a few of them: a network that went away tells nobody.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Where the clock on the wall gains this much on the one that counts, the machine slept.
const SLEEP: Duration = Duration::from_secs(10);

/// Starts a client that keeps connections and follows no redirect: a signature is for one
/// URL.
///
/// # Errors
/// [`Error::Certificates`] where authorities are named that cannot be read.
pub(crate) fn builder() -> Result<reqwest::ClientBuilder, Error> {
    Ok(common(reqwest::Client::builder().tls_certs_merge(more_authorities()?)))
}

/// The same for plain http: without certificates, which take time and memory to read.
pub(crate) fn plain_builder() -> reqwest::ClientBuilder {
    common(reqwest::Client::builder().tls_certs_only([]))
}

fn common(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    // Fails only where the process has chosen a provider already, and that one will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = builder
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .tcp_nodelay(true)
        .tcp_keepalive(KEEPALIVE)
        .tcp_keepalive_interval(KEEPALIVE / 3)
        .tcp_keepalive_retries(3)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
    // The same for what was sent and is not acknowledged, which keepalive does not watch.
    #[cfg(target_os = "linux")]
    let builder = builder.tcp_user_timeout(KEEPALIVE * 2);
    builder
}

/// A client for what is at a URL.
///
/// # Errors
/// Fails where certificates cannot be read.
pub(crate) fn client_for(url: &Url) -> Result<reqwest::Client, Error> {
    build(builder_for(url)?)
}

fn builder_for(url: &Url) -> Result<reqwest::ClientBuilder, Error> {
    // A proxy may be reached by https, whatever is behind it; this machine is behind none.
    let plain = url.scheme() == "http" && is_loopback(url);
    let mut builder = if plain { plain_builder() } else { builder()? };
    if is_loopback(url) {
        builder = builder.no_proxy();
        if let Some(host) = url.domain().filter(|host| host.ends_with(".localhost")) {
            // RFC 6761, section 6.3: such names are loopback; not every resolver knows.
            builder = builder.resolve(host, (Ipv4Addr::LOCALHOST, 0).into());
        }
    }
    Ok(builder)
}

pub(crate) fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    builder.build().map_err(|error| Error::Protocol(format!("the HTTP client cannot be built: {error}")))
}

/// The certificates that the environment names.
fn more_authorities() -> Result<Vec<Certificate>, Error> {
    let mut authorities = Vec::new();
    let mut read = HashSet::new();
    for variable in CA_VARIABLES {
        let named = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
        // Usually they all name the same.
        let Some(path) = named.filter(|path| read.insert(path.clone())) else { continue };
        let unusable =
            |reason: String| Error::Certificates { variable, path: path.display().to_string(), reason };
        let pem = std::fs::read(&path).map_err(|error| unusable(error.to_string()))?;
        let found = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
        if found.is_empty() {
            return Err(unusable("no certificate in it".to_owned()));
        }
        authorities.extend(found);
    }
    Ok(authorities)
}

/// The TCP connections to one URL. Those of before a sleep are not used again: the other side
/// has long given them up, and does not say so.
#[derive(Debug)]
pub(crate) struct Connections {
    url: Url,
    connect_timeout: Duration,
    read_timeout: Option<Duration>,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    client: reqwest::Client,
    used: (SystemTime, Instant),
}

impl Connections {
    pub(crate) fn new(url: &Url, options: &Options) -> Result<Self, Error> {
        let (connect_timeout, read_timeout) = (options.connect_timeout, options.read_timeout);
        let client = connect(url, connect_timeout, read_timeout)?;
        let current = Mutex::new(Current { client, used: (SystemTime::now(), Instant::now()) });
        Ok(Self { url: url.clone(), connect_timeout, read_timeout, current })
    }

    /// The client to send the next request with.
    pub(crate) fn client(&self) -> Result<reqwest::Client, Error> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (SystemTime::now(), Instant::now());
        let (wall, monotonic) = current.used;
        if slept(now.0.duration_since(wall).unwrap_or_default(), now.1 - monotonic) {
            tracing::info!("this machine slept: connecting anew");
            current.client = connect(&self.url, self.connect_timeout, self.read_timeout)?;
        }
        current.used = now;
        Ok(current.client.clone())
    }
}

fn connect(
    url: &Url,
    connect_timeout: Duration,
    read_timeout: Option<Duration>,
) -> Result<reqwest::Client, Error> {
    let mut builder = builder_for(url)?.connect_timeout(connect_timeout);
    if let Some(read_timeout) = read_timeout {
        builder = builder.read_timeout(read_timeout);
    }
    build(builder)
}

/// Whether the machine slept, by the time that went by on the wall and on the clock that
/// stands still meanwhile.
fn slept(wall: Duration, monotonic: Duration) -> bool {
    wall.saturating_sub(monotonic) > SLEEP
}

/// Whether a URL is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_told_by_the_clock_that_stood_still() {
        let minute = Duration::from_mins(1);
        assert!(slept(Duration::from_hours(8), minute));
        assert!(!slept(minute, minute));
        assert!(!slept(minute + Duration::from_secs(5), minute));
        assert!(!slept(Duration::ZERO, minute), "a clock that was set back is no sleep");
    }
}
