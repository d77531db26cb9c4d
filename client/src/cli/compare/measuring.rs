//! What is to be measured.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use mcp_sigv4::compare::{Amount, Load, Plan, Workload};

use crate::cli::connection::seconds;

#[derive(Args)]
#[command(next_help_heading = "Measuring")]
pub(super) struct Measuring {
    /// Make these calls instead of the guide's three, each with one answer: JSON lines such as {"tool": "greet_user", "arguments": {"name": "Bob"}}
    #[arg(long, value_name = "FILE")]
    workload: Option<PathBuf>,

    /// Cold starts to provoke on each host, 0 for none
    #[arg(long, default_value_t = 20, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(..=200))]
    cold: u16,

    /// Callers at once, each of whom waits for an answer before the next call; several loads with commas
    #[arg(long, default_value = "1,4,16", value_delimiter = ',', value_name = "CALLERS",
          value_parser = clap::value_parser!(u16).range(1..=500))]
    concurrency: Vec<u16>,

    /// Also call at this rate per second whatever the answers do, 0 for not
    #[arg(long, default_value_t = 20.0, value_name = "RATE", value_parser = rate)]
    rate: f64,

    /// Seconds that each load is measured on each host
    #[arg(long, default_value_t = 10.0, value_name = "SECONDS", value_parser = seconds)]
    seconds: f64,

    /// Calls that are measured of each load on each host, instead of seconds
    #[arg(long, value_name = "COUNT", conflicts_with = "seconds", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    calls: Option<u32>,

    /// Calls that each connection makes beforehand
    #[arg(long, default_value_t = 5, value_name = "COUNT")]
    warm_up: u16,

    /// Turns that the hosts take at each load
    #[arg(long, default_value_t = 20, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,

    /// Compare both eras of the protocol on each host: initialize, and 2026-07-28
    #[arg(long, conflicts_with = "protocol")]
    pub(super) both_protocols: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number of calls per second".to_owned())?;
    let usable = rate == 0.0 || (0.1..=10_000.0).contains(&rate);
    usable.then_some(rate).ok_or_else(|| "must be 0, or from 0.1 to 10000".to_owned())
}

impl Measuring {
    pub(super) fn plan(&self) -> anyhow::Result<Plan> {
        let workload = match &self.workload {
            None => Workload::default(),
            Some(file) => {
                let text =
                    std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
                text.parse().with_context(|| file.display().to_string())?
            }
        };
        // Each load once, the calmest first.
        let callers: BTreeSet<u16> = self.concurrency.iter().copied().collect();
        let closed = callers.into_iter().map(|callers| Load::Closed { callers: usize::from(callers) });
        let open = (self.rate > 0.0).then_some(Load::Open { rate: self.rate });
        let amount = self.calls.map_or(Amount::Seconds(self.seconds), |calls| Amount::Calls(calls as usize));
        Ok(Plan {
            workload,
            starts: usize::from(self.cold),
            loads: closed.chain(open).collect(),
            amount,
            warm_up: usize::from(self.warm_up),
            rounds: usize::from(self.rounds),
            seed: fastrand::u32(..),
        })
    }
}
