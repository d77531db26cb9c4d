//! Who may hold credentials in the account, and what they may do.

use std::time::SystemTime;

use uuid::Uuid;

use crate::account::ACCOUNT;
use crate::policy::Policy;

/// An IAM principal with credentials.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The access key id.
    pub access_key: String,
    /// The secret access key.
    pub secret: String,
    /// The session token of temporary credentials, and when they expire.
    pub session: Option<(String, SystemTime)>,
    /// The principal's ARN.
    pub arn: String,
    /// Its identity policies.
    pub policies: Vec<Policy>,
}

impl Identity {
    /// An IAM user with new keys.
    #[must_use]
    pub fn user(name: &str, policies: Vec<Policy>) -> Self {
        let random = || Uuid::new_v4().simple().to_string();
        Self {
            access_key: format!("AKIA{}", random()[..16].to_uppercase()),
            secret: format!("{}{}", random(), &random()[..8]),
            session: None,
            arn: format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
            policies,
        }
    }

    /// An assumed role with new keys and a session token.
    #[must_use]
    pub fn role(name: &str, policies: Vec<Policy>, expires: SystemTime) -> Self {
        let mut role = Self::user(name, policies);
        role.access_key.replace_range(..4, "ASIA");
        role.session = Some((Uuid::new_v4().to_string(), expires));
        role.arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session");
        role
    }
}

/// Every identity of the account.
#[derive(Clone, Debug, Default)]
pub struct Identities(pub(crate) Vec<Identity>);

impl FromIterator<Identity> for Identities {
    fn from_iter<T: IntoIterator<Item = Identity>>(identities: T) -> Self {
        Self(identities.into_iter().collect())
    }
}

impl Identities {
    pub(crate) fn find(&self, access_key: &str) -> Option<&Identity> {
        self.0.iter().find(|identity| identity.access_key == access_key)
    }
}
