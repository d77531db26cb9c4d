//! What every HTTP client here has in common.

use std::time::Duration;

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
