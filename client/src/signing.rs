//! Who signs: credentials and region from what the caller said.

use aws_credential_types::provider::SharedCredentialsProvider;

use crate::credentials::{CachedCredentials, Chain, Source};
use crate::error::Error;
use crate::signer::{Signer, WithoutCredentials};
use crate::target::Target;

/// Where credentials come from.
#[derive(Clone, Debug)]
pub enum Signing {
    /// The AWS default chain, with a profile if one is named. A target on this machine
    /// that tells no service is not signed for.
    DefaultChain {
        /// The profile in `~/.aws/config`.
        profile: Option<String>,
    },
    /// The same, and where there are no credentials, requests are not signed.
    WherePossible {
        /// The profile in `~/.aws/config`.
        profile: Option<String>,
    },
    /// A provider of your own, for targets that tell a service and a region.
    Provider(SharedCredentialsProvider),
    /// Requests are not signed.
    Unsigned,
}

/// Credentials, and the region that requests go to if nothing else tells one.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) credentials: CachedCredentials,
    pub(crate) region: Option<String>,
}

impl Signing {
    /// Finds the credentials to sign with; `None` where requests are not signed. `region`
    /// is what is known already.
    pub(crate) async fn keys(&self, region: Option<&str>) -> Option<Keys> {
        let (source, region) = match self {
            Self::Unsigned => return None,
            Self::Provider(provider) => (Source::Provider(provider.clone()), region.map(str::to_owned)),
            Self::DefaultChain { profile } | Self::WherePossible { profile } => {
                let chain = Chain::new(profile.as_deref(), region);
                let region = chain.region().await;
                (Source::Chain(chain), region)
            }
        };
        Some(Keys { credentials: CachedCredentials::new(source), region })
    }

    /// The service to sign for; `None` where requests to the target go out unsigned.
    ///
    /// # Errors
    /// [`Error::UnknownService`] where a signature is wanted and nothing tells what for.
    pub(crate) fn service<'t>(&self, target: &'t Target) -> Result<Option<&'t str>, Error> {
        match (self, target.service()) {
            (Self::Unsigned, _) | (Self::WherePossible { .. }, None) => Ok(None),
            (Self::DefaultChain { .. }, None) if target.is_loopback() => Ok(None),
            (_, None) => Err(Error::UnknownService(target.to_string())),
            (_, service) => Ok(service),
        }
    }

    /// The signer of requests to a target, if they are to be signed.
    ///
    /// # Errors
    /// What is missing: service, region, credentials.
    pub(crate) async fn signer(&self, target: &Target) -> Result<Option<Signer>, Error> {
        let Some(service) = self.service(target)? else { return Ok(None) };
        let Some(keys) = self.keys(target.region()).await else { return Ok(None) };
        let region = match (self, keys.region) {
            (_, Some(region)) => region,
            (Self::WherePossible { .. }, None) => return Ok(None),
            (_, None) => return Err(Error::NoRegion),
        };
        let without = match self {
            Self::WherePossible { .. } => WithoutCredentials::Unsigned,
            _ => WithoutCredentials::Fail,
        };
        Ok(Some(Signer::new(keys.credentials, service.to_owned(), region, without)))
    }
}
