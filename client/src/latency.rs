//! How long calls take: the first one, and those on a warm connection.

use std::time::{Duration, Instant};

use rmcp::model::CallToolResult;

use crate::client::{Client, Options};
use crate::demo::{self, CALLS};
use crate::error::Error;
use crate::target::Target;

/// What was measured of one target.
#[derive(Clone, Debug)]
pub struct Latency {
    /// From nothing to the first answer: on a cold target a server is started, and a
    /// handshake is done.
    pub first: Duration,
    /// Calls one after another on the same connection, in ascending order.
    warm: Vec<Duration>,
    /// What the guide's three calls came to.
    pub answers: Vec<CallToolResult>,
}

impl Latency {
    /// Connects anew and makes the guide's calls in turn, `calls` of them.
    ///
    /// # Errors
    /// The first call that has no answer.
    pub async fn measure(target: Target, options: Options, calls: usize) -> Result<Self, Error> {
        let started = Instant::now();
        let client = Client::connect(target, options).await?;
        let measured = Self::calls(&client, started, calls).await;
        client.close().await;
        measured
    }

    async fn calls(client: &Client, started: Instant, calls: usize) -> Result<Self, Error> {
        let mut answers = Vec::new();
        let mut first = Duration::ZERO;
        for (tool, arguments, _) in CALLS {
            answers.push(client.call_tool(tool, demo::read(arguments)).await?);
            if first.is_zero() {
                first = started.elapsed();
            }
        }
        let mut warm = Vec::with_capacity(calls);
        for (tool, arguments, _) in CALLS.iter().cycle().take(calls) {
            let arguments = demo::read(arguments);
            let started = Instant::now();
            client.call_tool(tool, arguments).await?;
            warm.push(started.elapsed());
        }
        warm.sort();
        Ok(Self { first, warm, answers })
    }

    /// The latency that so many percent of the warm calls did not exceed, by nearest rank;
    /// zero where none was made.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.warm.len() * percent.min(100)).div_ceil(100).max(1);
        self.warm.get(rank - 1).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(milliseconds: impl Iterator<Item = u64>) -> Latency {
        Latency {
            first: Duration::ZERO,
            warm: milliseconds.map(Duration::from_millis).collect(),
            answers: Vec::new(),
        }
    }

    #[test]
    fn percentiles_of_a_known_distribution_are_known() {
        let hundred = latency(1..=100);
        for percent in [1, 50, 99, 100] {
            assert_eq!(hundred.percentile(percent), Duration::from_millis(percent as u64));
        }
        assert_eq!(latency(5..=5).percentile(99), Duration::from_millis(5));
        assert_eq!(latency([1, 2, 3].into_iter()).percentile(50), Duration::from_millis(2));
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert_eq!(latency(std::iter::empty()).percentile(50), Duration::ZERO);
    }
}
