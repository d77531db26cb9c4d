//! The AWS default chain, read anew each time it is asked.

use std::path::PathBuf;
use std::time::SystemTime;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;

use crate::aws_http::AwsHttp;

/// The AWS default chain: environment, profile files and the rest. A profile that is named is
/// the only place to look, as with the AWS CLI: it is not to be outdone by keys that happen to
/// be in the environment.
///
/// It is read from its start whenever credentials are asked for, so that a login elsewhere or
/// a file that was edited is seen without a restart.
#[derive(Debug)]
pub(crate) struct Chain {
    http: AwsHttp,
    pub(super) profile: Option<String>,
    region: Option<String>,
}

impl Chain {
    pub(crate) fn new(profile: Option<&str>, region: Option<&str>) -> Self {
        let (profile, region) = (profile.map(str::to_owned), region.map(str::to_owned));
        Self { http: AwsHttp::default(), profile, region }
    }

    /// The region that the configuration of this machine names.
    pub(crate) async fn region(&self) -> Option<String> {
        match &self.region {
            // Known from the target: no need to ask the instance metadata for it.
            Some(region) => Some(region.clone()),
            None => self.load().await.region().map(Region::as_ref).map(str::to_owned),
        }
    }

    async fn load(&self) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(self.http.clone());
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        loader.load().await
    }

    pub(super) async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        let config = self.load().await;
        let Some(profile) = &self.profile else {
            let none = || CredentialsError::not_loaded("no provider is configured");
            return config.credentials_provider().ok_or_else(none)?.provide_credentials().await;
        };
        let known = ProviderConfig::default()
            .with_http_client(self.http.clone())
            .with_region(config.region().cloned());
        let named = ProfileFileCredentialsProvider::builder().configure(&known).profile_name(profile);
        named.build().provide_credentials().await
    }

    /// When the files were last written that static credentials come from. A login of the
    /// other kinds ends by itself, and is asked for again then.
    pub(super) fn edited() -> Edited {
        let home = std::env::home_dir().unwrap_or_default();
        ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"].map(|variable| {
            let usual = if variable == "AWS_CONFIG_FILE" { ".aws/config" } else { ".aws/credentials" };
            let path = std::env::var_os(variable).map_or_else(|| home.join(usual), PathBuf::from);
            std::fs::metadata(path).and_then(|file| file.modified()).ok()
        })
    }
}

/// When each file was last written.
pub(super) type Edited = [Option<SystemTime>; 2];
