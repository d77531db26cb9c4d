//! `local-aws demo`: the guide's script through both doors, what is refused, and both
//! hosts compared.

use std::io::Write;
use std::process::Stdio;

use anyhow::Context;
use local_aws::{Config, Identities, Identity, REGION, Stack, caller_policies};
use thiserror::Error;
use tokio::process::Command;

use super::servers::{self, Programs};

/// Something came out otherwise than it should.
#[derive(Debug, Error)]
#[error("the demo did not come out as it should: {0}")]
pub(crate) struct DemoFailed(String);

/// The guide's expected output, below the line that says where it connects to. Tools that
/// were added since may be listed too.
const EXPECTED: &str = include_str!("guide.txt");

/// Who calls: the one who may, one with a wrong secret, one without policies.
struct Callers {
    caller: Identity,
    forger: Identity,
    stranger: Identity,
}

impl Callers {
    fn new() -> anyhow::Result<Self> {
        let caller = Identity::user("mcp-test-user", caller_policies(&servers::policies())?);
        let stranger = Identity::user("stranger", Vec::new());
        let forger = Identity { secret: "not-the-secret".to_owned(), ..caller.clone() };
        Ok(Self { caller, forger, stranger })
    }

    /// Those whom the doors know.
    fn known(&self) -> Identities {
        Identities::from_iter([self.caller.clone(), self.stranger.clone()])
    }
}

/// A host with its target.
type Host = (&'static str, String);

pub(super) async fn run() -> anyhow::Result<()> {
    let programs = servers::programs()?;
    let callers = Callers::new()?;
    let config = Config::new(&programs.agentcore_server, &programs.lambda_server, callers.known());
    let stack = Stack::start(config.clone()).await?;
    let hosts = [("AgentCore Runtime", stack.runtime_arn()), ("Lambda function URL", stack.function_url())];
    for host in &hosts {
        guide(&programs, &stack, &callers, host).await?;
    }
    say("########  What is refused  ########\n")?;
    for host in &hosts {
        refusals(&programs, &stack, &callers, host).await?;
    }
    drop(stack);
    // Anew, so that both hosts are cold.
    let stack = Stack::start(config).await?;
    say("\n########  Compared  ########\n\n")?;
    compare(&programs, &stack, &callers).await?;
    say("\nEverything came out as it should.\n")
}

/// The guide's script, compared with the guide's expected output.
async fn guide(
    programs: &Programs,
    stack: &Stack,
    callers: &Callers,
    (name, target): &Host,
) -> anyhow::Result<()> {
    say(&format!("########  {name}  ########\n\n"))?;
    let run = client(programs, stack, &callers.caller, &["demo", target]).await?;
    say(&run.out)?;
    say("\n")?;
    let mut printed = run.out.lines();
    let expected = EXPECTED.lines().all(|expected| printed.any(|line| line == expected));
    if run.code != Some(0) || !expected {
        return Err(
            DemoFailed(format!("{name} did not print the guide's output: {}", run.error.trim())).into()
        );
    }
    Ok(())
}

async fn refusals(
    programs: &Programs,
    stack: &Stack,
    callers: &Callers,
    (name, target): &Host,
) -> anyhow::Result<()> {
    say(&format!("\n{name}\n"))?;
    let attempts = [
        ("unsigned", &callers.caller, "--unsigned"),
        ("wrong secret", &callers.forger, "--output=text"),
        ("no policy", &callers.stranger, "--output=text"),
    ];
    for (what, identity, flag) in attempts {
        let run =
            client(programs, stack, identity, &["call", target, "add_numbers", "a=5", "b=3", flag]).await?;
        let said = run.error.lines().next().unwrap_or_default();
        let reason = said.strip_prefix("error: 403 from ").and_then(|rest| rest.split_once(": "));
        let Some((_, reason)) = reason.filter(|_| run.code == Some(2) && run.out.is_empty()) else {
            return Err(DemoFailed(format!("{name} let in a call that was {what}: {}{said}", run.out)).into());
        };
        let sentence = reason.split_once(". ").map_or(reason, |(first, _)| first);
        say(&format!("  {what:<13} 403 {sentence}\n"))?;
    }
    Ok(())
}

/// Both hosts side by side, in a few seconds.
async fn compare(programs: &Programs, stack: &Stack, callers: &Callers) -> anyhow::Result<()> {
    let targets = [stack.runtime_arn(), stack.function_url()];
    let little = ["--cold=10", "--concurrency=1,8", "--seconds=1", "--rate=0"];
    let arguments = [&["compare", &targets[0], &targets[1]], &little[..]].concat();
    let run = client(programs, stack, &callers.caller, &arguments).await?;
    if run.code != Some(0) {
        return Err(DemoFailed(format!("the hosts could not be compared: {}{}", run.out, run.error)).into());
    }
    say(&run.out)?;
    say("\nBoth front doors are simulated on this machine, so this compares the code, not AWS.\n")
}

/// What the client program printed.
struct Run {
    code: Option<i32>,
    out: String,
    error: String,
}

/// Runs `mcp-sigv4` with an identity's credentials and nothing else of AWS's.
async fn client(
    programs: &Programs,
    stack: &Stack,
    identity: &Identity,
    arguments: &[&str],
) -> anyhow::Result<Run> {
    let aws =
        std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("AWS_"));
    let mut command = Command::new(&programs.client);
    // Its log would come before its errors.
    command.env_remove("RUST_LOG");
    for name in aws {
        command.env_remove(name);
    }
    let output = command
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", &identity.access_key)
        .env("AWS_SECRET_ACCESS_KEY", &identity.secret)
        .env("AWS_REGION", REGION)
        .env("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", stack.agentcore_endpoint())
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| format!("run {}", programs.client.display()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Run { code: output.status.code(), out: text(&output.stdout), error: text(&output.stderr) })
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("write to standard output")
}
