//! `mcp-sigv4 config`: the entry by which an MCP client starts the proxy.

mod arguments;
mod editor;

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use clap::{Args, ValueEnum};
use mcp_sigv4::{Kind, Named, Target};

use super::connection::{Connection, TARGET_VARIABLE};
use super::proxy::{NamedTarget, Proxy, named};
use super::{Answer, print};
use editor::{Editor, Entry, Home, Name, Written};

/// What the proxy reads of its environment; keys are not for an editor's file.
const ENVIRONMENT: [&str; 14] = [
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE",
    "AWS_REGION",
    "AWS_SHARED_CREDENTIALS_FILE",
    "CURL_CA_BUNDLE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
];

#[derive(Args)]
pub(super) struct Config {
    /// The MCP client that is to use the tools
    #[arg(value_name = "CLIENT")]
    editor: Editor,

    /// What the client calls the server [default: after the target]
    #[arg(long)]
    name: Option<Name>,

    /// Write the entry into the client's own file, after a backup, and leave all else in it alone
    #[arg(long)]
    write: bool,

    #[command(flatten)]
    proxy: Proxy,
}

impl Config {
    pub(super) async fn run(self, connection: Connection) -> anyhow::Result<Answer> {
        connection.leaves_protocol_open()?;
        anyhow::ensure!(
            self.proxy.listen.is_none(),
            "--listen does not apply: the client starts the proxy and talks to it over stdio; start one that listens yourself, and give the client its URL"
        );
        let targets = self.targets(&connection).await?;
        // What the proxy would refuse is not written down.
        self.proxy.before(named::given(&targets, &connection)?)?;
        connection.options()?;
        let mut arguments = vec!["proxy".to_owned()];
        arguments.extend(targets.iter().map(written));
        arguments.extend(arguments::of_this_run(Self::environment_profile(&connection, &targets))?);
        let this = std::env::current_exe().context("find out where this program is")?;
        let command = this.to_str().with_context(|| format!("{} is not Unicode", this.display()))?.to_owned();
        let named = self.name.is_some();
        let name = match self.name {
            Some(name) => name,
            None => default_name(&targets).parse()?,
        };
        let entry = Entry { name, command, arguments };
        let file = self.editor.file(&Home::of_user()?);
        if self.write {
            anyhow::ensure!(
                named || !self.editor.replaces(&file, &entry)?,
                "{} has a server called {} already, and it is another or has other options: give --name {} to change it, or another name",
                file.display(),
                entry.name,
                entry.name
            );
            write(self.editor, &file, &entry)?;
        } else {
            show(self.editor, &file, &entry)?;
        }
        if !connection.has_profile() && targets.iter().any(|target| target.profile.is_none()) {
            say_keys_are_not_written();
        }
        say_what_is_set_here();
        Ok(Answer::Yes)
    }

    /// What was named, looked up: a client starts the proxy in a directory of its own, with its
    /// own environment, and is not to look things up each time.
    async fn targets(&self, connection: &Connection) -> anyhow::Result<Vec<NamedTarget>> {
        let mut targets = self.proxy.targets.clone();
        for target in &targets {
            connection.target(&target.target)?;
        }
        let several = targets.len() + connection.named().count() > 1;
        for named in connection.named() {
            let found = address(&connection.find(&named).await?);
            let (Named::Agent(name) | Named::Stack(name)) = named;
            targets.push(NamedTarget { name: several.then_some(name), profile: None, target: found });
        }
        if targets.is_empty() {
            let target = std::env::var(TARGET_VARIABLE).ok().with_context(|| {
                format!(
                    "which target? name an ARN or a URL, give --stack or --agent, or set {TARGET_VARIABLE}"
                )
            })?;
            connection.target(&target)?;
            targets.push(NamedTarget { name: None, profile: None, target });
        }
        Ok(targets)
    }

    /// The profile of this terminal, which the client does not have.
    fn environment_profile(connection: &Connection, targets: &[NamedTarget]) -> Option<String> {
        let said = connection.has_profile() || targets.iter().all(|target| target.profile.is_some());
        std::env::var("AWS_PROFILE").ok().filter(|profile| !said && !profile.is_empty())
    }
}

/// A target as it is given again.
fn address(target: &Target) -> String {
    match target.kind() {
        Kind::Runtime(Some(arn)) if target.takes_endpoint() => arn.clone(),
        _ => target.url().to_string(),
    }
}

fn written(target: &NamedTarget) -> String {
    let NamedTarget { name, profile, target } = target;
    match (name, profile) {
        (None, _) => target.clone(),
        (Some(name), None) => format!("{name}={target}"),
        (Some(name), Some(profile)) => format!("{name}@{profile}={target}"),
    }
}

/// The runtime's name, or the first label of the host: without `_`, which Gemini CLI warns of.
fn default_name(targets: &[NamedTarget]) -> String {
    let [NamedTarget { target, .. }] = targets else { return env!("CARGO_PKG_NAME").to_owned() };
    let target = target.parse::<Target>().ok();
    let name = target.as_ref().and_then(|target| match target.kind() {
        Kind::Runtime(Some(arn)) => {
            arn.rsplit('/').next().and_then(|id| id.rsplit_once('-')).map(|(name, _)| name)
        }
        _ => target.url().domain().and_then(|host| host.split('.').next()),
    });
    let name: String = name
        .unwrap_or(env!("CARGO_PKG_NAME"))
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
        .collect();
    name.trim_matches('-').to_owned()
}

fn show(editor: Editor, file: &Path, entry: &Entry) -> anyhow::Result<()> {
    print(&editor.snippet(entry))?;
    say(&format!("this belongs in {}; --write puts it there", file.display()));
    Ok(())
}

fn write(editor: Editor, file: &Path, entry: &Entry) -> anyhow::Result<()> {
    let written = editor.write(file, entry)?;
    let (what, backup) = match &written {
        Written::Created => ("created, with the server", None),
        Written::Added { backup } => ("added the server", Some(backup)),
        Written::Replaced { backup } => ("changed the server", Some(backup)),
        Written::Unchanged => ("unchanged: it has the server", None),
    };
    let backup = backup.map_or_else(String::new, |backup| format!("; before: {}", backup.display()));
    print(&format!("{}: {what} {}{backup}\n", file.display(), entry.name))?;
    if written != Written::Unchanged {
        let client = editor.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        say(&format!("start {client} again to have it read this"));
    }
    Ok(())
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn say_keys_are_not_written() {
    if is_set("AWS_ACCESS_KEY_ID") && !is_set("AWS_PROFILE") {
        say(
            "the keys in AWS_ACCESS_KEY_ID are not written, and the client does not have them: keep them in a profile, and give --profile",
        );
    }
}

/// A client has an environment of its own.
fn say_what_is_set_here() {
    let set: Vec<&str> = ENVIRONMENT.into_iter().filter(|name| is_set(name)).collect();
    if !set.is_empty() {
        let set = set.join(", ");
        say(&format!(
            "set here, and maybe not for the client: {set}; what the proxy needs of it goes into the entry's \"env\""
        ));
    }
}

fn say(text: &str) {
    // Where nobody listens it need not be said.
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(target: &str) -> String {
        default_name(&[NamedTarget { name: None, profile: None, target: target.to_owned() }])
    }

    #[test]
    fn a_server_is_called_after_its_target() {
        let arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/rust_mcp-abcdefghij";
        assert_eq!(name(arn), "rust-mcp");
        assert_eq!(name("https://abc123.lambda-url.us-east-1.on.aws/"), "abc123");
        assert_eq!(name("http://127.0.0.1:8000/mcp"), "mcp-sigv4");
    }
}
