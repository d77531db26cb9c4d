//! What every HTTP client here has in common.

use std::net::Ipv4Addr;
use std::time::Duration;

use url::{Host, Url};

use crate::error::Error;

/// Starts a client that keeps connections and follows no redirect: a signature is for one
/// URL.
pub(crate) fn builder() -> reqwest::ClientBuilder {
    // Fails only where the process has chosen a provider already, and that one will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .tcp_nodelay(true)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
}

/// A client for what is at a URL.
///
/// # Errors
/// Fails where the system's roots cannot be read.
pub(crate) fn client_for(url: &Url) -> Result<reqwest::Client, Error> {
    let mut builder = builder();
    if is_loopback(url) {
        builder = builder.no_proxy();
        if let Some(host) = url.domain().filter(|host| host.ends_with(".localhost")) {
            // RFC 6761, section 6.3: such names are loopback; not every resolver knows.
            builder = builder.resolve(host, (Ipv4Addr::LOCALHOST, 0).into());
        }
    }
    builder.build().map_err(|error| Error::Protocol(format!("the HTTP client cannot be built: {error}")))
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
