//! What the measurements come to: computed from the record, and from nothing else.

mod costs;
mod summary;

use std::collections::BTreeMap;

use serde::Serialize;

use super::baseline::{self, Regression};
use super::cost::{Bill, Cheapest, CostModel, Usage};
use super::distribution::{Distribution, count};
use super::failure::THROTTLING;
use super::plan::Load;
use super::record::Record;
use super::statistics::Interval;
use super::warnings;
pub(crate) use summary::cold_rounds;

/// What the measurements come to.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// Whether all hosts list the same tools and give the same answers; `None` where they
    /// were not all asked.
    pub same: Option<bool>,
    /// How surely a true ratio is within its interval, as a share.
    pub confidence: f64,
    /// Starts, in the order of the lanes; empty where none were measured.
    pub starts: Vec<StartSummary>,
    /// Warm calls, by load.
    pub loads: Vec<LoadSummary>,
    /// What calls cost; `None` where no host's prices are known.
    pub cost: Option<Cost>,
    /// What is worse than in an earlier run.
    pub regressions: Vec<Regression>,
    /// What is to be known before a number is trusted.
    pub warnings: Vec<String>,
}

/// What goes into [`Findings`] beside the record.
#[derive(Clone, Debug)]
pub struct Question {
    /// How surely the true ratio is to be in its interval, such as 0.95.
    pub confidence: f64,
    /// Prices, and what cannot be measured.
    pub cost: CostModel,
    /// An earlier run, and how many times as slow as that is still no regression.
    pub baseline: Option<(Record, f64)>,
}

/// A host's starts, in milliseconds to the first answer.
#[derive(Clone, Debug, Serialize)]
pub struct StartSummary {
    /// Starts on what ran for nobody yet.
    pub cold: Figures,
    /// The same again, on what ran by then.
    pub warm: Figures,
    /// The median handshake of the latter.
    pub handshake_ms: Option<f64>,
    /// How many of the first took longer than each that was made again.
    pub clearly_cold: u64,
    /// Starts that failed, by kind.
    pub failed: BTreeMap<String, u64>,
    /// The median, as a multiple of the first lane's.
    pub ratio: Option<Interval>,
    /// Whether it is the lowest median, beyond chance.
    pub best: bool,
}

impl StartSummary {
    /// Whether the starts can be called cold: most were clearly so.
    #[must_use]
    pub fn is_cold(&self) -> bool {
        self.cold.calls > 0 && 2 * self.clearly_cold >= self.cold.calls
    }

    /// The median of starts that can be called cold.
    #[must_use]
    pub fn cold_p50(&self) -> Option<f64> {
        self.cold.p50.filter(|_| self.is_cold())
    }
}

/// One load.
#[derive(Clone, Debug, Serialize)]
pub struct LoadSummary {
    /// The load.
    pub load: Load,
    /// In the order of the lanes.
    pub lanes: Vec<Summary>,
    /// The lane with the lowest median, if it is lower than each other's beyond chance.
    pub best_p50: Option<usize>,
    /// The same for the 99th percentile.
    pub best_p99: Option<usize>,
    /// The lane with the highest throughput, likewise.
    pub best_throughput: Option<usize>,
}

/// A host's calls under one load.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Calls that were made.
    pub calls: u64,
    /// Answered calls per second.
    pub throughput: Option<f64>,
    /// How long they took.
    pub latency: Figures,
    /// Those that failed, by kind.
    pub failed: BTreeMap<String, u64>,
    /// Milliseconds of work that this program has with one call; under an open load, of any
    /// host.
    pub own_work_ms: Option<f64>,
    /// The share of the time that this program was at work.
    pub busy: Option<f64>,
    /// Under an open load, the 90th percentile of how late this program got to the calls, in
    /// milliseconds.
    pub late_p90_ms: Option<f64>,
    /// Under an open load, calls that were kept back, too many being on their way already.
    pub held: u64,
    /// The median, as a multiple of the first lane's.
    pub p50_ratio: Option<Interval>,
    /// The 99th percentile, likewise.
    pub p99_ratio: Option<Interval>,
    /// The throughput, likewise.
    pub throughput_ratio: Option<Interval>,
}

/// Statistics in milliseconds. A quantile is missing where it falls among calls that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Of how many calls.
    pub calls: u64,
    /// The fastest answer.
    pub min: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// The 90th percentile.
    pub p90: Option<f64>,
    /// The 99th percentile.
    pub p99: Option<f64>,
    /// The 99.9th percentile.
    pub p999: Option<f64>,
    /// The slowest answer.
    pub max: Option<f64>,
    /// The mean of the answers.
    pub mean: Option<f64>,
}

/// What a million calls cost, in US dollars.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
    /// How it was computed.
    pub model: CostModel,
    /// In the order of the lanes.
    pub lanes: Vec<Option<LaneCost>>,
    /// Which host is the cheapest, by calls per session: from each number on, the lane.
    pub by_calls_per_session: Vec<Cheapest>,
    /// The same by calls per hour of an agent that keeps its session.
    pub by_calls_per_hour: Vec<Cheapest>,
}

/// What one host costs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LaneCost {
    /// What was measured.
    pub usage: Usage,
    /// A million calls in the pattern that is assumed.
    pub bill: Bill,
}

impl Findings {
    /// Computes them.
    #[must_use]
    pub fn of(record: &Record, question: &Question) -> Self {
        let confidence = question.confidence;
        let starts = summary::starts(&record.starts, confidence);
        let loads: Vec<LoadSummary> =
            record.loads.iter().map(|load| summary::load(load, confidence)).collect();
        let cost = calmest(&loads).and_then(|calmest| costs::cost(record, &starts, calmest, &question.cost));
        let baseline = question.baseline.as_ref();
        let regressions = baseline
            .map(|(before, limit)| baseline::regressions(before, record, *limit, confidence))
            .unwrap_or_default();
        let mut findings = Self {
            confidence,
            same: record.differences.as_ref().map(Vec::is_empty),
            starts,
            loads,
            cost,
            regressions,
            warnings: Vec::new(),
        };
        findings.warnings = warnings::of(record, &findings, baseline.map(|(before, _)| before));
        findings
    }

    /// Whether all is well: the same answers, no failure, no regression.
    #[must_use]
    pub fn all_well(&self, record: &Record) -> bool {
        let failures = self.loads.iter().flat_map(|load| &load.lanes).any(|lane| !lane.failed.is_empty())
            || self.starts.iter().any(|starts| !starts.failed.is_empty())
            || record.lanes.iter().any(|lane| lane.gave_up.is_some() || !lane.beforehand.is_empty());
        self.same != Some(false) && !failures && self.regressions.is_empty()
    }

    /// The closed load with the fewest callers.
    #[must_use]
    pub fn calmest(&self) -> Option<&LoadSummary> {
        calmest(&self.loads)
    }
}

fn calmest(loads: &[LoadSummary]) -> Option<&LoadSummary> {
    loads.iter().min_by_key(|load| match load.load {
        Load::Closed { callers } => callers,
        Load::Open { .. } => usize::MAX,
    })
}

impl Summary {
    /// Calls that came faster than the host takes them.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        self.failed.get(THROTTLING).copied().unwrap_or_default()
    }

    /// Calls that failed for another reason than throttling.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failed.values().sum::<u64>() - self.throttled()
    }
}

impl Figures {
    /// The statistics of some calls.
    #[must_use]
    pub fn of(calls: &Distribution) -> Self {
        Self {
            calls: calls.calls(),
            min: calls.min(),
            p50: calls.quantile(0.5),
            p90: calls.quantile(0.9),
            p99: calls.quantile(0.99),
            p999: calls.quantile(0.999),
            max: calls.max(),
            mean: calls.mean(),
        }
    }

    /// One of the quantiles above.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        match quantile {
            small if small < 0.7 => self.p50,
            small if small < 0.95 => self.p90,
            small if small < 0.995 => self.p99,
            _ => self.p999,
        }
    }

    /// Whether there are enough calls for a quantile to mean something: ten beyond it.
    #[must_use]
    pub fn supports(&self, quantile: f64) -> bool {
        count(self.calls) * (1.0 - quantile) >= 10.0 - 1e-6
    }
}
