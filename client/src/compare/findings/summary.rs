//! A host's calls and starts, in a few numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Figures, LoadSummary, StartSummary, Summary};
use crate::compare::distribution::{Distribution, count};
use crate::compare::plan::Load;
use crate::compare::record::{Burst, LoadRecord, Measured, Round, Starts};
use crate::compare::statistics::{Interval, Pairing, Quantity, ratio};

const P50: Quantity = Quantity::Quantile(0.5);
const P99: Quantity = Quantity::Quantile(0.99);

pub(super) fn load(record: &LoadRecord, confidence: f64) -> LoadSummary {
    let hosts: Vec<&[Round]> = record.lanes.iter().map(|lane| lane.rounds.as_slice()).collect();
    let compared = |quantity| Compared { hosts: &hosts, quantity, pairing: Pairing::InTurns, confidence };
    let closed = matches!(record.load, Load::Closed { .. });
    // Under an open load the throughput is what was asked for, and says nothing of the host.
    let throughput = closed.then(|| compared(Quantity::Throughput));
    let all: Vec<Distribution> = record.lanes.iter().map(Measured::all).collect();
    let all_calls = all.iter().map(Distribution::calls).sum();
    let lanes = record.lanes.iter().zip(&all).enumerate().map(|(index, (lane, all))| {
        let seconds = match record.load {
            Load::Closed { .. } => lane.rounds.iter().map(|round| round.seconds).sum(),
            // The last call is due before the time is over.
            Load::Open { rate } => lane.seconds.max(count(all.calls()) / rate),
        };
        let worked_on = if closed { all.calls() } else { all_calls };
        Summary {
            calls: all.calls(),
            throughput: (seconds > 0.0).then(|| count(all.answers()) / seconds),
            latency: Figures::of(all),
            failed: all.failures().clone(),
            own_work_ms: (worked_on > 0 && lane.busy_seconds > 0.0)
                .then(|| lane.busy_seconds * 1e3 / count(worked_on)),
            busy: (lane.seconds > 0.0).then(|| (lane.busy_seconds / lane.seconds).min(1.0)),
            late_p90_ms: lane.late.quantile(0.9),
            held: lane.held,
            p50_ratio: compared(P50).to_first(index),
            p99_ratio: compared(P99).to_first(index),
            throughput_ratio: throughput.as_ref().and_then(|compared| compared.to_first(index)),
        }
    });
    let lanes: Vec<Summary> = lanes.collect();
    let values = |of: fn(&Summary) -> Option<f64>| lanes.iter().map(of).collect::<Vec<_>>();
    LoadSummary {
        load: record.load,
        best_p50: compared(P50).winner(&values(|lane| lane.latency.p50)),
        best_p99: compared(P99).winner(&values(|lane| lane.latency.p99)),
        best_throughput: throughput.and_then(|compared| compared.winner(&values(|lane| lane.throughput))),
        lanes,
    }
}

pub(super) fn starts(starts: &[Starts], confidence: f64) -> Vec<StartSummary> {
    let mut summaries: Vec<StartSummary> = starts.iter().map(start).collect();
    // What is not cold is not compared with what is.
    let rounds: Vec<Vec<Round>> = starts.iter().map(cold_rounds).collect();
    let hosts: Vec<&[Round]> = rounds.iter().map(Vec::as_slice).collect();
    let compared = Compared { hosts: &hosts, quantity: P50, pairing: Pairing::Apart, confidence };
    let medians: Vec<Option<f64>> = summaries.iter().map(StartSummary::cold_p50).collect();
    let winner = compared.winner(&medians);
    for (index, summary) in summaries.iter_mut().enumerate() {
        summary.ratio = compared.to_first(index);
        summary.best = winner == Some(index);
    }
    summaries
}

fn start(starts: &Starts) -> StartSummary {
    let handshakes: Distribution =
        starts.warm.answered.iter().map(|start| duration(start.handshake_ms)).collect();
    let slowest_warm = starts.warm.answered.iter().map(|start| start.answered_ms).reduce(f64::max);
    let clearly_cold = |answered_ms| slowest_warm.is_some_and(|slowest| answered_ms > slowest);
    let cold = starts.cold.answered.iter().filter(|start| clearly_cold(start.answered_ms));
    let mut failed: BTreeMap<String, u64> = starts.cold.failed.clone();
    for (kind, count) in &starts.warm.failed {
        *failed.entry(kind.clone()).or_default() += count;
    }
    StartSummary {
        cold: Figures::of(&distribution(&starts.cold)),
        warm: Figures::of(&distribution(&starts.warm)),
        handshake_ms: handshakes.quantile(0.5),
        clearly_cold: cold.count() as u64,
        failed,
        ratio: None,
        best: false,
    }
}

fn distribution(burst: &Burst) -> Distribution {
    let mut calls = Distribution::default();
    for round in one_by_one(burst) {
        calls.add(&round.calls);
    }
    calls
}

/// The cold starts, none where they cannot be called cold.
pub(crate) fn cold_rounds(starts: &Starts) -> Vec<Round> {
    if start(starts).is_cold() { one_by_one(&starts.cold) } else { Vec::new() }
}

/// Each start as a round of its own: one has nothing to do with the other.
fn one_by_one(burst: &Burst) -> Vec<Round> {
    let answered = burst.answered.iter().map(|start| [duration(start.answered_ms)].into_iter().collect());
    let failed = burst.failed.iter().flat_map(|(kind, count)| {
        let one = || {
            let mut calls = Distribution::default();
            calls.failed(kind);
            calls
        };
        (0..*count).map(move |_| one())
    });
    answered.chain(failed).map(|calls| Round { seconds: 0.0, calls }).collect()
}

fn duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1e3).unwrap_or_default()
}

/// Hosts, compared in one quantity.
struct Compared<'a> {
    hosts: &'a [&'a [Round]],
    quantity: Quantity,
    pairing: Pairing,
    confidence: f64,
}

impl Compared<'_> {
    fn ratio(&self, first: usize, second: usize) -> Option<Interval> {
        ratio([self.hosts[first], self.hosts[second]], self.quantity, self.pairing, self.confidence)
    }

    /// A host as a multiple of the first.
    fn to_first(&self, host: usize) -> Option<Interval> {
        if host == 0 { None } else { self.ratio(0, host) }
    }

    /// The host with the best of these values, if it is better than each other beyond
    /// chance. A host whose value falls among failures is worse than any.
    fn winner(&self, values: &[Option<f64>]) -> Option<usize> {
        let known = values.iter().enumerate().filter_map(|(host, value)| Some((host, (*value)?)));
        let (winner, _) = match self.quantity {
            Quantity::Quantile(_) => known.min_by(|one, other| one.1.total_cmp(&other.1)),
            Quantity::Throughput => known.max_by(|one, other| one.1.total_cmp(&other.1)),
        }?;
        let called = |host: &usize| self.hosts[*host].iter().any(|round| round.calls.calls() > 0);
        let others: Vec<usize> = (0..values.len()).filter(|host| *host != winner).filter(called).collect();
        let beaten = |other: &usize| {
            values[*other].is_none() || self.ratio(winner, *other).is_some_and(|ratio| !ratio.contains(1.0))
        };
        (!others.is_empty() && others.iter().all(beaten)).then_some(winner)
    }
}

#[cfg(test)]
mod tests;
