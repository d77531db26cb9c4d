//! What the costs rest on and cannot be measured.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use mcp_sigv4::compare::{Assumptions, CostModel, Prices};

use crate::cli::connection::seconds;

#[derive(Args)]
#[command(next_help_heading = "Cost")]
pub(super) struct CostArguments {
    /// Memory of the Lambda function, in MB
    #[arg(long, default_value_t = 256, value_name = "MB", value_parser = clap::value_parser!(u32).range(128..=10_240))]
    lambda_memory: u32,

    /// Memory that the AgentCore container uses, in MB
    #[arg(long, default_value_t = 128, value_name = "MB", value_parser = clap::value_parser!(u32).range(1..=8192))]
    agentcore_memory: u32,

    /// Seconds after which AgentCore ends an idle session
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(60..=28_800))]
    idle_timeout: u32,

    /// Calls that an agent makes in one session
    #[arg(long, default_value_t = 10, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    calls_per_session: u32,

    /// Seconds from one call of a session to the next
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS", value_parser = seconds)]
    seconds_between_calls: f64,

    /// Milliseconds of CPU that a call takes on AgentCore [default: all the time that it takes]
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    cpu_ms: Option<f64>,

    /// Prices to use instead of the table that is built in
    #[arg(long, value_name = "FILE.json")]
    prices: Option<PathBuf>,
}

fn milliseconds(text: &str) -> Result<f64, String> {
    let milliseconds: f64 = text.parse().map_err(|_| "not a number of milliseconds".to_owned())?;
    (0.0..=900_000.0)
        .contains(&milliseconds)
        .then_some(milliseconds)
        .ok_or_else(|| "must be from 0 to 900000".to_owned())
}

impl CostArguments {
    pub(super) fn model(&self) -> anyhow::Result<CostModel> {
        let prices = match &self.prices {
            None => Prices::default(),
            Some(file) => {
                let text = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
                Prices::read(&text)
                    .map_err(anyhow::Error::from_boxed)
                    .with_context(|| format!("{} is no price table", file.display()))?
            }
        };
        let assumptions = Assumptions {
            lambda_mb: f64::from(self.lambda_memory),
            agentcore_mb: f64::from(self.agentcore_memory),
            idle_timeout: f64::from(self.idle_timeout),
            calls_per_session: self.calls_per_session,
            seconds_between_calls: self.seconds_between_calls,
            cpu_ms: self.cpu_ms,
        };
        Ok(CostModel { prices, assumptions })
    }
}
