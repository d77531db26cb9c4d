//! Why AWS said 401 or 403, told from its words, and what to do about it.

use http::StatusCode;

use crate::error::Identity;
use crate::exchange::Refusal;
use crate::target::{Kind, Target};

/// The kinds of 401 and 403, told apart by what AWS says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    Skewed,
    Expired,
    WrongSignature,
    /// Signed for another region or service.
    WrongScope,
    UnknownKey,
    /// The server's own doing, not AWS's: it does not know the name it is called by.
    HostRefused,
    NotAllowed,
}

impl Denial {
    /// What a 401, 403 or 421 means; `None` for any other status.
    pub(crate) fn of(refusal: &Refusal) -> Option<Self> {
        match refusal.status {
            // The Python SDK says "Invalid Host header" with it.
            StatusCode::MISDIRECTED_REQUEST => Some(Self::HostRefused),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(Self::read(&refusal.said)),
            _ => None,
        }
    }

    /// What AWS means by the words of a denial.
    pub(crate) fn read(said: &str) -> Self {
        let said = said.to_ascii_lowercase();
        let says = |phrase: &str| said.contains(phrase);
        if says("signature expired") || says("signature not yet current") {
            Self::Skewed
        } else if says("token") && says("expired") {
            Self::Expired
        } else if says("signature we calculated does not match") {
            Self::WrongSignature
        } else if says("credential should be scoped") {
            Self::WrongScope
        } else if says("token included in the request is invalid") {
            Self::UnknownKey
        } else if says("host header") {
            Self::HostRefused
        } else {
            Self::NotAllowed
        }
    }

    /// What to do about it; empty where nothing is known.
    pub(crate) fn hint(self, target: &Target, identity: &Identity) -> String {
        match (self, identity) {
            (Self::HostRefused, _) if target.kind() == &Kind::Other => {
                "call the server by a host name that it answers to, or add this one to its list".to_owned()
            }
            (Self::HostRefused, _) => "the server answers only to host names it knows, and the platform calls it by an internal one: turn its check of the Host header off, IAM stands in front of it (rmcp: disable_allowed_hosts)".to_owned(),
            (_, Identity::Unsigned) => "leave out --unsigned to sign it, or log in where --skip-auth found no credentials, and name the service with --service if the host does not tell it"
                    .to_owned(),
            (Self::WrongSignature, _) => {
                "check the secret access key: it is not that of the access key id, or it was cut or changed in copying".to_owned()
            }
            (Self::WrongScope, _) => {
                "check the region and the service that are signed for: they must be the target's (its ARN or host, --region, --service)".to_owned()
            }
            (Self::UnknownKey, _) => "AWS does not know these credentials: check the access key id, the session token and the partition".to_owned(),
            _ => needs(target),
        }
    }
}

/// The permission that the target takes.
fn needs(target: &Target) -> String {
    let actions = target.iam_actions();
    if actions.is_empty() {
        return String::new();
    }
    let resource = match target.kind() {
        Kind::Runtime(Some(arn)) => format!("{arn} and {arn}/*"),
        Kind::Runtime(None) => "the runtime's ARN and the same with /*".to_owned(),
        Kind::FunctionUrl => {
            "the function's ARN (both actions, see policies/function-url-caller.json)".to_owned()
        }
        _ => "the resource".to_owned(),
    };
    format!("its IAM policies must allow {} on {resource}", actions.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(said: &str) -> Option<Denial> {
        let said = said.to_owned();
        Denial::of(&Refusal { status: StatusCode::FORBIDDEN, said, date: None, retry_after: None })
    }

    #[test]
    fn aws_denials_are_told_apart() {
        for (said, expected) in [
            ("Signature expired: 20261122T000000Z is now earlier than 20261122T000500Z", Denial::Skewed),
            (
                "Signature not yet current: 20261122T001000Z is still later than 20261122T000500Z",
                Denial::Skewed,
            ),
            ("The security token included in the request is expired", Denial::Expired),
            ("ExpiredTokenException: token has expired", Denial::Expired),
            (
                "The request signature we calculated does not match the signature you provided.",
                Denial::WrongSignature,
            ),
            ("Credential should be scoped to a valid region.", Denial::WrongScope),
            ("The security token included in the request is invalid.", Denial::UnknownKey),
            ("User: arn:aws:iam::123456789012:user/x is not authorized to perform: y", Denial::NotAllowed),
            ("Forbidden: Host header is not allowed", Denial::HostRefused),
            ("Forbidden", Denial::NotAllowed),
        ] {
            assert_eq!(denial(said), Some(expected), "{said}");
        }
    }

    #[test]
    fn a_missing_permission_is_named_with_its_resource() {
        let arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/a-abcdefghij";
        let target = arn.parse().expect("a target");
        let signed = Identity::Signed { access_key: "AKIA".into(), service: "s".into(), region: "r".into() };
        let hint = Denial::NotAllowed.hint(&target, &signed);
        assert!(
            hint.contains(&format!("bedrock-agentcore:InvokeAgentRuntime on {arn} and {arn}/*")),
            "{hint}"
        );
    }
}
