//! How long calls take through each door.

use std::time::{Duration, Instant};

use anyhow::Context;
use local_aws::{Identity, Stack};
use mcp_sigv4::{Client, Credentials, JsonObject, Options, SharedCredentialsProvider, Signing, Target};

const WARM_CALLS: usize = 500;

/// What was measured of one host.
struct Latency {
    /// From nothing to the first answer: a server process is started, and a handshake done.
    first: Duration,
    /// Calls one after another on the same connection, in ascending order.
    warm: Vec<Duration>,
}

/// Measures both hosts and lays the figures out.
pub(super) async fn table(stack: &Stack, caller: &Identity) -> anyhow::Result<String> {
    let endpoint = stack.agentcore_endpoint().parse().context("the endpoint is a URL")?;
    let runtime: Target = stack.runtime_arn().parse()?;
    let targets = [
        ("AgentCore Runtime", runtime.with_endpoint(&endpoint)?),
        ("Lambda function URL", stack.function_url().parse()?),
    ];
    let mut table = format!("{:<21}{:>12}{:>14}{:>12}\n", "", "first call", "warm median", "warm p99");
    for (name, target) in targets {
        let latency = measure(target, caller).await.with_context(|| format!("measure {name}"))?;
        let cells = [latency.first, latency.quantile(50), latency.quantile(99)].map(milliseconds);
        table += &format!("{name:<21}{:>12}{:>14}{:>12}\n", cells[0], cells[1], cells[2]);
    }
    table += &format!(
        "\nFirst call: a new session or environment, handshake included. Warm: {WARM_CALLS} calls, one at a time.\n\
         Both doors are simulated on this machine, so this compares the code, not AWS.\n"
    );
    Ok(table)
}

async fn measure(target: Target, caller: &Identity) -> anyhow::Result<Latency> {
    let keys = Credentials::new(&caller.access_key, &caller.secret, None, None, "local-aws");
    let signing = Signing::Provider(SharedCredentialsProvider::new(keys));
    let arguments: JsonObject = serde_json::from_str(r#"{"a": 5, "b": 3}"#)?;
    let started = Instant::now();
    let client = Client::connect(target, Options { signing, ..Options::default() }).await?;
    client.call_tool("add_numbers", arguments.clone()).await?;
    let first = started.elapsed();
    let mut warm = Vec::with_capacity(WARM_CALLS);
    for _ in 0..WARM_CALLS {
        let started = Instant::now();
        client.call_tool("add_numbers", arguments.clone()).await?;
        warm.push(started.elapsed());
    }
    client.close().await;
    warm.sort();
    Ok(Latency { first, warm })
}

impl Latency {
    /// By nearest rank.
    fn quantile(&self, percent: usize) -> Duration {
        let rank = (self.warm.len() * percent).div_ceil(100).max(1);
        self.warm.get(rank - 1).copied().unwrap_or_default()
    }
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}
