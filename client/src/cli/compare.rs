//! `mcp-sigv4 compare`: the same calls on several targets.

use anyhow::Context;
use clap::Args;
use mcp_sigv4::{Kind, Latency, Target};
use serde_json::{Value, json};

use super::connection::Connection;
use super::{Answer, Output, output, print};

#[derive(Args)]
pub(super) struct Compare {
    /// Where the tools are hosted
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,

    /// Calls on the warm connection, one at a time
    #[arg(long, default_value_t = 500, value_name = "COUNT")]
    calls: usize,
}

impl Compare {
    pub(super) async fn run(self, connection: Connection, output: Output) -> anyhow::Result<Answer> {
        let mut measured = Vec::new();
        let (targets, options) = connection.resolve_all(self.targets).await?;
        anyhow::ensure!(targets.len() > 1, "name two targets or more, by ARN, URL, --stack or --agent");
        for target in targets {
            let name = name(&target);
            let latency = Latency::measure(target.clone(), options.clone(), self.calls).await;
            measured.push((name, latency.with_context(|| format!("measure {target}"))?));
        }
        let same = measured.windows(2).all(|pair| pair[0].1.answers == pair[1].1.answers);
        print(&match output {
            Output::Text => text(&measured, self.calls, same),
            Output::Json => output::json(&to_json(&measured, same))?,
        })?;
        Ok(if same { Answer::Yes } else { Answer::No })
    }
}

fn name(target: &Target) -> String {
    let host = || target.url().authority().to_owned();
    match target.kind() {
        Kind::Runtime(_) => "AgentCore Runtime".to_owned(),
        Kind::FunctionUrl => "Lambda function URL".to_owned(),
        _ => host(),
    }
}

fn text(measured: &[(String, Latency)], calls: usize, same: bool) -> String {
    let column = measured.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let mut table = format!("{:column$}{:>14}{:>14}{:>14}\n", "", "first call", "warm median", "warm p99");
    for (name, latency) in measured {
        let figures = [latency.first, latency.percentile(50), latency.percentile(99)];
        let figures = figures.map(|figure| format!("{:.2} ms", figure.as_secs_f64() * 1e3));
        table += &format!("{name:column$}{:>14}{:>14}{:>14}\n", figures[0], figures[1], figures[2]);
    }
    let answers = if same { "the same on all of them" } else { "NOT the same on all of them" };
    table
        + &format!(
            "\nThe guide's three calls, whose answers are {answers}. First call: from connecting to\n\
         the first answer. Warm: {calls} calls, one at a time on one connection.\n"
        )
}

fn to_json(measured: &[(String, Latency)], same: bool) -> Value {
    let targets = measured.iter().map(|(name, latency)| {
        let milliseconds = |percent| latency.percentile(percent).as_secs_f64() * 1e3;
        json!({
            "target": name,
            "first_ms": latency.first.as_secs_f64() * 1e3,
            "warm_median_ms": milliseconds(50),
            "warm_p99_ms": milliseconds(99),
            "answers": latency.answers,
        })
    });
    json!({ "same_answers": same, "targets": targets.collect::<Vec<_>>() })
}
