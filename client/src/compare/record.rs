//! What was measured, as it was measured: everything else is computed from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::distribution::Distribution;
use super::plan::{Load, Plan};
use super::sameness::Difference;
use crate::target::{Kind, Target};

/// The version of [`Record`]'s form.
pub(crate) const FORMAT: u32 = 1;

/// A run of the comparison.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The version of this form.
    pub format: u32,
    /// The program and its version.
    pub made_by: String,
    /// When it began, in UTC, as RFC 3339.
    pub started: String,
    /// How long it took.
    pub seconds: f64,
    /// Where it ran.
    pub machine: Machine,
    /// The command, to repeat it.
    pub command: Vec<String>,
    /// What was to be measured.
    pub plan: Plan,
    /// The hosts, in the order of all that follows.
    pub lanes: Vec<Lane>,
    /// What the hosts do not have in common; `None` before they were asked.
    pub differences: Option<Vec<Difference>>,
    /// Starts on each host; empty where none were measured.
    pub starts: Vec<Starts>,
    /// Warm calls, by load.
    pub loads: Vec<LoadRecord>,
    /// Whether it was ended before all was measured.
    pub interrupted: bool,
}

/// The machine that measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// The operating system.
    pub system: String,
    /// The architecture.
    pub architecture: String,
    /// The CPUs that may be used.
    pub cpus: usize,
}

/// One host under one protocol.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lane {
    /// How it is called in the report.
    pub name: String,
    /// Its URL.
    pub target: String,
    /// What is known of how it starts and what it costs.
    pub platform: Platform,
    /// Its region.
    pub region: Option<String>,
    /// The protocol version that was agreed on.
    pub protocol: Option<String>,
    /// The server's name and version.
    pub server: Option<String>,
    /// How many tools it has.
    pub tools: usize,
    /// The fastest of a few TCP connections, in milliseconds: one round trip.
    pub round_trip_ms: Option<f64>,
    /// Why it was measured no further.
    pub gave_up: Option<String>,
    /// Failures of connections and calls that are not measured, by kind.
    pub beforehand: BTreeMap<String, u64>,
    /// What was said with the first failure of each kind.
    pub said: BTreeMap<String, String>,
}

/// Who runs a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// AgentCore Runtime.
    AgentCore,
    /// Lambda, behind a function URL.
    Lambda,
    /// Anybody else.
    Other,
}

/// A record that is none of this program's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RecordError {
    /// Another form than this program's.
    #[error("it has form {0}, and this program reads form {FORMAT}")]
    Format(u32),
    /// A part that does not fit the others.
    #[error("its parts do not fit each other: {0}")]
    Inconsistent(&'static str),
}

impl Record {
    /// Checks that it is of this program's making, as far as reading it depends on that.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), RecordError> {
        let hosts = self.lanes.len();
        let lane = |difference: &Difference| difference.lane < hosts;
        let checks = [
            (hosts > 1, "it has less than two hosts"),
            (self.loads.iter().all(|load| load.lanes.len() == hosts), "a load is of other hosts"),
            (self.starts.is_empty() || self.starts.len() == hosts, "the starts are of other hosts"),
            (self.differences.iter().flatten().all(lane), "a difference is of another host"),
        ];
        if self.format != FORMAT {
            return Err(RecordError::Format(self.format));
        }
        let failed = checks.iter().find(|(holds, _)| !holds);
        failed.map_or(Ok(()), |(_, what)| Err(RecordError::Inconsistent(what)))
    }
}

impl Platform {
    /// Who runs what is at a target.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        match target.kind() {
            Kind::Runtime(_) => Self::AgentCore,
            Kind::FunctionUrl => Self::Lambda,
            _ => Self::Other,
        }
    }
}

/// Starts on one host: once where nothing ran, and the same again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Starts {
    /// On what ran for nobody yet.
    pub cold: Burst,
    /// The same again, on what ran by then.
    pub warm: Burst,
}

/// Starts at once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Burst {
    /// Those that were answered.
    pub answered: Vec<Start>,
    /// Those that failed, by kind.
    pub failed: BTreeMap<String, u64>,
}

/// From nothing to the first answer, over a connection of its own.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Start {
    /// Milliseconds until the connection stood and the handshake was done.
    pub handshake_ms: f64,
    /// Milliseconds until the first call was answered.
    pub answered_ms: f64,
}

/// Calls under one load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadRecord {
    /// The load.
    pub load: Load,
    /// The calls of each host.
    pub lanes: Vec<Measured>,
}

/// Calls on one host under one load.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// In the order in which they were made; the hosts' rounds alternate.
    pub rounds: Vec<Round>,
    /// Seconds from the first call to the last answer, less the turns of other hosts; of a
    /// turn, once it is over.
    pub seconds: f64,
    /// Seconds in which this program was at work meanwhile: under a closed load for this
    /// host, under an open one for all of them.
    pub busy_seconds: f64,
    /// Under an open load, how much later than due this program got to the calls.
    pub late: Distribution,
    /// Under an open load, calls that were kept back, too many being on their way already.
    pub held: u64,
}

/// A stretch of calls.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Round {
    /// Under a closed load, the seconds that a caller spent on calls, on average. Pauses
    /// after failures, and the end, when some callers are done before others, are no part.
    pub seconds: f64,
    /// Its calls.
    pub calls: Distribution,
}

impl Measured {
    /// All rounds in one.
    #[must_use]
    pub fn all(&self) -> Distribution {
        let mut all = Distribution::default();
        self.rounds.iter().for_each(|round| all.add(&round.calls));
        all
    }
}
