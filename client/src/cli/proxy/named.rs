//! Targets with a name and a profile each.

use std::str::FromStr;

use anyhow::Context;
use mcp_sigv4::proxy::Server;
use mcp_sigv4::{Named, Options, Target};

use crate::cli::connection::{Connection, TARGET_VARIABLE};

/// `[NAME[@PROFILE]=]TARGET`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli) struct NamedTarget {
    pub(in crate::cli) name: Option<String>,
    pub(in crate::cli) profile: Option<String>,
    pub(in crate::cli) target: String,
}

impl FromStr for NamedTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unnamed = || Self { name: None, profile: None, target: text.to_owned() };
        let Some((before, target)) = text.split_once('=') else { return Ok(unnamed()) };
        // Targets have `=` too, in their queries.
        if before.contains("://") || before.starts_with("arn:") {
            return Ok(unnamed());
        }
        let (name, profile) = match before.split_once('@') {
            Some((name, profile)) => (name, Some(profile.to_owned())),
            None => (before, None),
        };
        if profile.as_ref().is_some_and(String::is_empty) || name.is_empty() {
            return Err("write NAME=TARGET or NAME@PROFILE=TARGET".to_owned());
        }
        Ok(Self { name: Some(name.to_owned()), profile, target: target.to_owned() })
    }
}

/// The servers that were named, by text or by option.
pub(super) async fn servers(targets: &[NamedTarget], connection: &Connection) -> anyhow::Result<Vec<Server>> {
    let mut found = given(targets, connection)?;
    for named in connection.named() {
        let (Named::Agent(name) | Named::Stack(name)) = &named;
        let several = targets.len() + connection.named().count() > 1;
        let name = several.then(|| name.clone());
        found.push(server(name, connection.find(&named).await?, connection.options()?)?);
    }
    if found.is_empty() {
        let target = std::env::var(TARGET_VARIABLE).ok().with_context(|| {
            format!("which target? name an ARN or a URL, give --stack or --agent, or set {TARGET_VARIABLE}")
        })?;
        found.push(server(None, connection.target(&target)?, connection.options()?)?);
    }
    Ok(found)
}

/// The servers that were named by text.
pub(in crate::cli) fn given(targets: &[NamedTarget], connection: &Connection) -> anyhow::Result<Vec<Server>> {
    let given = targets.iter().map(|NamedTarget { name, profile, target }| {
        let connection = match profile {
            Some(profile) => &connection.with_profile(profile),
            None => connection,
        };
        server(name.clone(), connection.target(target)?, connection.options()?)
    });
    given.collect()
}

fn server(name: Option<String>, target: Target, options: Options) -> anyhow::Result<Server> {
    Ok(match name {
        Some(name) => Server::named(&name, target, options)?,
        None => Server::new(target, options),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<String>, Option<String>, String) {
        let NamedTarget { name, profile, target } = text.parse().expect("a target");
        (name, profile, target)
    }

    #[test]
    fn names_and_profiles_stand_before_a_target() {
        let url = "https://abc.lambda-url.us-east-1.on.aws/";
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read(url), (None, None, url.to_owned()));
        assert_eq!(read(&format!("prod={url}")), (some("prod"), None, url.to_owned()));
        assert_eq!(read(&format!("prod@work={url}?a=b")), (some("prod"), some("work"), format!("{url}?a=b")));
        assert_eq!(read("https://example.com/?a=b"), (None, None, "https://example.com/?a=b".to_owned()));
        assert!("@work=https://example.com".parse::<NamedTarget>().is_err());
        assert!("prod@=https://example.com".parse::<NamedTarget>().is_err());
    }
}
