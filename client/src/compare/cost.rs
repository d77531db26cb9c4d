//! What calls cost on each host, from what was measured, what was assumed, and a price table.
//!
//! Lambda bills each request, and memory for as long as one is handled or an environment
//! starts (arm64). AgentCore bills CPU while it is at work, and memory from the start of a
//! session until it has been idle for the idle timeout. Logs, builds, images, traffic and
//! free tiers are left out.

mod cheapest;

use serde::Serialize;

use super::prices::Prices;
use super::record::Platform;
use cheapest::cheapest;

/// A session of AgentCore lives this long at most (AgentCore quotas: 8 hours).
const LONGEST_SESSION_SECONDS: f64 = 8.0 * 3600.0;
const SECONDS_PER_HOUR: f64 = 3600.0;
const MB_PER_GB: f64 = 1024.0;
const MILLION: f64 = 1e6;

/// What cannot be measured from outside.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Assumptions {
    /// Memory of the Lambda function, in MB.
    pub lambda_mb: f64,
    /// Memory that the AgentCore container uses, in MB.
    pub agentcore_mb: f64,
    /// Seconds after which AgentCore ends an idle session.
    pub idle_timeout: f64,
    /// Calls that an agent makes in one session.
    pub calls_per_session: u32,
    /// Seconds from one call of a session to the next.
    pub seconds_between_calls: f64,
    /// Milliseconds of CPU that a call takes; by default all the time that it takes.
    pub cpu_ms: Option<f64>,
}

impl Default for Assumptions {
    /// What this project's templates set, and ten calls per session, a second apart.
    fn default() -> Self {
        Self {
            lambda_mb: 256.0,
            agentcore_mb: 128.0,
            idle_timeout: 60.0,
            calls_per_session: 10,
            seconds_between_calls: 1.0,
            cpu_ms: None,
        }
    }
}

/// What was measured of a host, as far as it is billed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Usage {
    /// Who bills.
    pub platform: Platform,
    /// Milliseconds that the host spends on a request, at most.
    pub call_ms: f64,
    /// Milliseconds that a start takes.
    pub start_ms: f64,
    /// Requests that a session takes beside its calls.
    pub other_requests: f64,
}

/// What a million calls cost on one host, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bill {
    /// Per request.
    pub requests: f64,
    /// CPU.
    pub cpu: f64,
    /// Memory.
    pub memory: f64,
}

impl Bill {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.requests + self.cpu + self.memory
    }
}

/// How calls come.
#[derive(Clone, Copy, Debug)]
struct Pattern {
    calls_per_session: f64,
    seconds_between_calls: f64,
}

/// A price table with what it is applied to.
#[derive(Clone, Debug, Serialize)]
pub struct CostModel {
    /// The prices.
    pub prices: Prices,
    /// What is assumed.
    pub assumptions: Assumptions,
}

/// From this number on, a host is the cheapest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cheapest {
    /// Calls per session, or per hour.
    pub from: f64,
    /// The host, as its place among those that were given.
    pub host: usize,
}

impl CostModel {
    /// What a million calls cost in the pattern that is assumed; `None` where nobody knows
    /// the host's prices.
    #[must_use]
    pub fn bill(&self, usage: &Usage) -> Option<Bill> {
        self.at_calls_per_session(usage, f64::from(self.assumptions.calls_per_session))
    }

    /// The same for another number of calls per session.
    #[must_use]
    pub fn at_calls_per_session(&self, usage: &Usage, calls_per_session: f64) -> Option<Bill> {
        let seconds_between_calls = self.assumptions.seconds_between_calls;
        self.price(usage, Pattern { calls_per_session, seconds_between_calls })
    }

    /// The same for calls that come evenly, so many an hour, from one agent that keeps its
    /// session as long as it can.
    #[must_use]
    pub fn at_calls_per_hour(&self, usage: &Usage, calls_per_hour: f64) -> Option<Bill> {
        let seconds_between_calls = SECONDS_PER_HOUR / calls_per_hour;
        let calls_per_session = LONGEST_SESSION_SECONDS / seconds_between_calls;
        self.price(usage, Pattern { calls_per_session, seconds_between_calls })
    }

    fn price(&self, usage: &Usage, pattern: Pattern) -> Option<Bill> {
        let idle_timeout = self.assumptions.idle_timeout;
        // A pause longer than the idle timeout ends a session, and so does its age.
        let longest = (LONGEST_SESSION_SECONDS / pattern.seconds_between_calls).max(1.0);
        let calls = match usage.platform {
            Platform::AgentCore if pattern.seconds_between_calls > idle_timeout => 1.0,
            Platform::AgentCore => pattern.calls_per_session.clamp(1.0, longest),
            _ => pattern.calls_per_session.max(1.0),
        };
        let session = match usage.platform {
            Platform::Lambda => self.lambda_session(usage, calls),
            Platform::AgentCore => self.agentcore_session(usage, calls, pattern.seconds_between_calls),
            Platform::Other => return None,
        };
        let millions = MILLION / calls;
        Some(Bill {
            requests: session.requests * millions,
            cpu: session.cpu * millions,
            memory: session.memory * millions,
        })
    }

    /// One session, whose first request meets no environment.
    fn lambda_session(&self, usage: &Usage, calls: f64) -> Bill {
        let prices = &self.prices.lambda;
        let requests = calls + usage.other_requests;
        // Billed by the millisecond begun.
        let seconds = (requests * usage.call_ms.ceil() + usage.start_ms.ceil()) / 1e3;
        let gigabytes = self.assumptions.lambda_mb / MB_PER_GB;
        Bill {
            requests: requests * prices.usd_per_million_requests / MILLION,
            cpu: 0.0,
            memory: seconds * gigabytes * prices.usd_per_gb_second,
        }
    }

    /// One session: its start, its calls with the time between them, and its idle end.
    fn agentcore_session(&self, usage: &Usage, calls: f64, seconds_between_calls: f64) -> Bill {
        let prices = &self.prices.agentcore;
        let requests = calls + usage.other_requests;
        let cpu_ms = self.assumptions.cpu_ms.unwrap_or(usage.call_ms);
        let cpu_seconds = (usage.start_ms + requests * cpu_ms) / 1e3;
        let call_seconds = usage.call_ms / 1e3;
        let seconds = usage.start_ms / 1e3
            + (usage.other_requests + 1.0) * call_seconds
            + (calls - 1.0) * seconds_between_calls.max(call_seconds)
            + self.assumptions.idle_timeout;
        let gigabytes = self.assumptions.agentcore_mb.max(prices.least_mb) / MB_PER_GB;
        Bill {
            requests: 0.0,
            cpu: cpu_seconds * prices.usd_per_vcpu_hour / SECONDS_PER_HOUR,
            memory: seconds.max(prices.least_seconds) * gigabytes * prices.usd_per_gb_hour / SECONDS_PER_HOUR,
        }
    }

    /// Which of some hosts is the cheapest, by calls per session.
    #[must_use]
    pub fn cheapest_by_calls_per_session(&self, usages: &[Usage]) -> Vec<Cheapest> {
        let most = (LONGEST_SESSION_SECONDS / self.assumptions.seconds_between_calls).clamp(1.0, MILLION);
        cheapest(usages.len(), most, |host, calls| {
            self.at_calls_per_session(&usages[host], calls).map(|bill| bill.total())
        })
    }

    /// Which of some hosts is the cheapest, by calls per hour of an agent that keeps its
    /// session.
    #[must_use]
    pub fn cheapest_by_calls_per_hour(&self, usages: &[Usage]) -> Vec<Cheapest> {
        cheapest(usages.len(), MILLION, |host, calls| {
            self.at_calls_per_hour(&usages[host], calls).map(|bill| bill.total())
        })
    }
}

#[cfg(test)]
mod tests;
