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
    UnknownKey,
    NotAllowed,
}

impl Denial {
    /// What a 401 or 403 means; `None` for any other status.
    pub(crate) fn of(refusal: &Refusal) -> Option<Self> {
        if !matches!(refusal.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return None;
        }
        let said = refusal.said.to_ascii_lowercase();
        let says = |phrase: &str| said.contains(phrase);
        Some(if says("signature expired") || says("signature not yet current") {
            Self::Skewed
        } else if says("token") && says("expired") {
            Self::Expired
        } else if says("signature we calculated does not match") || says("credential should be scoped") {
            Self::WrongSignature
        } else if says("token included in the request is invalid") {
            Self::UnknownKey
        } else {
            Self::NotAllowed
        })
    }

    /// What to do about it, ready to follow what AWS said.
    pub(crate) fn hint(self, target: &Target, identity: &Identity) -> String {
        let advice = match (self, identity) {
            (_, Identity::Unsigned) => "leave out --unsigned to sign it, and name the service with --service if the host does not tell it"
                    .to_owned(),
            (Self::WrongSignature, _) => {
                "check the secret access key, and that service and region are those of the target (--service, --region)".to_owned()
            }
            (Self::UnknownKey, _) => "AWS does not know these credentials: check the access key id, the session token and the partition".to_owned(),
            _ => needs(target),
        };
        if advice.is_empty() { advice } else { format!("; {advice}") }
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
            ("Credential should be scoped to a valid region.", Denial::WrongSignature),
            ("The security token included in the request is invalid.", Denial::UnknownKey),
            ("User: arn:aws:iam::123456789012:user/x is not authorized to perform: y", Denial::NotAllowed),
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
