//! A host's calls and starts, in a few numbers.

use std::time::Duration;

use super::{Figures, LoadSummary, StartSummary, Summary};
use crate::compare::distribution::count;
use crate::compare::plan::Load;
use crate::compare::record::{LoadRecord, Measured, Round, Start, Starts};
use crate::compare::statistics::{Pairing, Quantity, ratio};

pub(super) fn load(record: &LoadRecord, confidence: f64) -> LoadSummary {
    let lanes = record.lanes.iter().map(|lane| {
        let summary = calls(lane, &record.lanes[0], confidence);
        match record.load {
            Load::Closed { .. } => summary,
            // The rate is what was asked for, and says nothing of the host.
            Load::Open { .. } => Summary { throughput_ratio: None, ..summary },
        }
    });
    LoadSummary { load: record.load, lanes: lanes.collect() }
}

fn calls(lane: &Measured, first: &Measured, confidence: f64) -> Summary {
    let all = lane.all();
    let seconds = lane.seconds();
    let per_second = (seconds > 0.0 && all.answers() > 0).then(|| count(all.answers()) / seconds);
    let against = |quantity| {
        let itself = std::ptr::eq(lane, first);
        let rounds = [first.rounds.as_slice(), &lane.rounds];
        if itself { None } else { ratio(rounds, quantity, Pairing::InTurns, confidence) }
    };
    Summary {
        calls: all.calls(),
        throughput: per_second,
        latency: Figures::of(&all),
        failed: all.failures().clone(),
        own_work_ms: (all.calls() > 0).then(|| lane.busy_seconds * 1e3 / count(all.calls())),
        busy: (seconds > 0.0).then(|| (lane.busy_seconds / seconds).min(1.0)),
        late_p90_ms: lane.late.quantile(0.9),
        p50_ratio: against(Quantity::Quantile(0.5)),
        p99_ratio: against(Quantity::Quantile(0.99)),
        throughput_ratio: against(Quantity::Throughput),
    }
}

pub(super) fn starts(starts: &Starts, reference: &Starts, confidence: f64) -> StartSummary {
    let slowest_again = starts.again.iter().map(|start| start.answered_ms).fold(f64::NEG_INFINITY, f64::max);
    let colder = |start: &&Start| !starts.again.is_empty() && start.answered_ms > slowest_again;
    let rounds = |starts: &Starts| -> Vec<Round> {
        let one = |start: &Start| Round {
            seconds: 0.0,
            calls: [duration(start.answered_ms)].into_iter().collect(),
        };
        starts.first.iter().map(one).collect()
    };
    let against = || {
        let rounds = [rounds(reference), rounds(starts)];
        ratio([&rounds[0], &rounds[1]], Quantity::Quantile(0.5), Pairing::Apart, confidence)
    };
    let figures = |starts: &[Start], of: fn(&Start) -> f64| {
        Figures::of(&starts.iter().map(|start| duration(of(start))).collect())
    };
    StartSummary {
        first: figures(&starts.first, |start| start.answered_ms),
        again: figures(&starts.again, |start| start.answered_ms),
        handshake_ms: figures(&starts.again, |start| start.handshake_ms).p50,
        surely_cold: starts.first.iter().filter(colder).count(),
        failed: starts.failed.clone(),
        ratio: if std::ptr::eq(starts, reference) { None } else { against() },
    }
}

fn duration(milliseconds: f64) -> Duration {
    Duration::from_secs_f64(milliseconds.max(0.0) / 1e3)
}
