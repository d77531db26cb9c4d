//! Who calls: credentials, and whether AWS knows them.

use std::time::SystemTime;

use aws_credential_types::Credentials;

use super::{Check, Examination, Finding, UNSIGNED, Verdict};
use crate::aws_api::{AwsApi, Service, xml_text};
use crate::denial::Denial;
use crate::error::Error;
use crate::target::Kind;

/// Examines the caller; whether it makes sense to go on.
pub(super) async fn examine<R: FnMut(Finding)>(examination: &mut Examination<'_, R>) -> bool {
    let both = [Check::Credentials, Check::Identity];
    if examination.leaves_unsigned() {
        examination.not_reached(&both, UNSIGNED);
        return true;
    }
    let region = examination.target.region();
    let api = AwsApi::new(&examination.options.signing, region).await;
    let credentials = match &api {
        Ok(api) => api.credentials().await,
        Err(error) => Err(error.clone()),
    };
    match (api, credentials) {
        (Ok(api), Ok(credentials)) => {
            examination.report(Check::Credentials, Verdict::pass(describe(&credentials)));
            let verdict = known(examination, &api).await;
            examination.report(Check::Identity, verdict);
            true
        }
        (Err(error), _) | (_, Err(error)) => {
            let fix = match error {
                Error::NoRegion => "pass --region, set AWS_REGION, or set a region in the profile",
                _ => "run `aws configure` or `aws sso login`, set AWS_PROFILE, or pass --profile",
            };
            examination.report(Check::Credentials, Verdict::fail(one_line(&error), fix));
            examination.not_reached(&[Check::Identity], "no credentials");
            false
        }
    }
}

/// The first line: the rest is what each provider said.
fn one_line(error: &Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    first.trim_end_matches("; these were tried:").to_owned()
}

/// The access key and how long it lives; never the secret or the token.
fn describe(credentials: &Credentials) -> String {
    let kind = if credentials.session_token().is_some() { "temporary" } else { "long-lived" };
    let expiry = credentials.expiry().and_then(|expiry| expiry.duration_since(SystemTime::now()).ok());
    let expiry =
        expiry.map_or_else(String::new, |left| format!(", for {} more minutes", left.as_secs() / 60));
    format!("access key {}, {kind}{expiry}", credentials.access_key_id())
}

/// Asks STS whose the credentials are, which takes no permission.
async fn known<R>(examination: &Examination<'_, R>, api: &AwsApi) -> Verdict {
    let answer = match api.query(Service::Sts, "GetCallerIdentity", "2011-06-15", None).await {
        Ok(xml) => xml,
        Err(Error::Api { status, said, .. }) => {
            return Verdict::fail(format!("STS: {status} {said}"), fix(Denial::read(&said)));
        }
        Err(error) => return Verdict::not_reached(format!("STS: {error}")),
    };
    let Some(arn) = xml_text(&answer, "Arn") else {
        return Verdict::not_reached("the answer of STS has no ARN");
    };
    let account = arn.split(':').nth(4).unwrap_or_default();
    match examination.target.kind() {
        Kind::Runtime(Some(target)) if target.split(':').nth(4) != Some(account) => Verdict::pass(format!(
            "{arn}, of another account than the target: it takes a resource policy there too"
        )),
        _ => Verdict::pass(arn),
    }
}

/// What to do about credentials that STS refuses.
fn fix(denial: Denial) -> &'static str {
    match denial {
        Denial::WrongSignature => "check the secret access key: it is not that of the access key id",
        Denial::WrongScope => "check the region: AWS has none of that name, or the account does not use it",
        Denial::Expired => "renew the credentials, for example with `aws sso login`",
        Denial::UnknownKey => {
            "check the access key id, the session token and the partition: AWS does not know them"
        }
        Denial::Skewed => "set this machine's clock",
        Denial::HostRefused | Denial::NotAllowed => {
            "look at what AWS says of these credentials in the IAM console"
        }
    }
}
