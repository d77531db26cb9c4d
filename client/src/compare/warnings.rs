//! What is to be known before a number is trusted.

use super::baseline;
use super::distribution::{count, milliseconds};
use super::findings::{Findings, StartSummary, Summary};
use super::measure::MOST_IN_FLIGHT;
use super::plan::Load;
use super::record::{Lane, LoadRecord, Measured, Platform, Record};
use super::statistics::LEAST_ROUNDS;

/// Above this share of the time at work, this program may be what limits.
const BUSY: f64 = 0.8;

/// Above this share of the time lost to answers that took far longer than the median, a
/// closed load hides what other callers would have met.
const LOST: f64 = 0.05;

/// Fewer calls than this share do not show in the 99th percentile.
const FEW: f64 = 0.01;

/// Far longer than the median.
const FAR: f64 = 3.0;

/// All that is to be said.
pub(crate) fn of(record: &Record, findings: &Findings, baseline: Option<&Record>) -> Vec<String> {
    let mut said = Vec::new();
    if record.interrupted {
        said.push("ended early: what follows is what was measured until then".to_owned());
    }
    for lane in &record.lanes {
        if let Some(why) = &lane.gave_up {
            said.push(format!("{} was measured no further: {why}", lane.name));
        }
    }
    for (index, starts) in findings.starts.iter().enumerate() {
        said.extend(
            not_cold(record, index, starts).map(|what| format!("{}: {what}", record.lanes[index].name)),
        );
    }
    for (load, summary) in record.loads.iter().zip(&findings.loads) {
        let name = |index: usize| record.lanes[index].name.as_str();
        for (index, (measured, lane)) in load.lanes.iter().zip(&summary.lanes).enumerate() {
            let place = format!("{}, {}", name(index), load.load);
            let stalls = stalls(load, measured);
            said.extend(stalls.map(|what| format!("{place}: {what}; {}", instead(record))));
            said.extend(client_limit(lane).map(|what| format!("{place}: {what}")));
        }
    }
    said.extend(few(findings));
    said.extend(no_intervals(record, findings));
    said.extend(cost(record, findings));
    if let Some(before) = baseline {
        said.extend(unmatched(before, record));
    }
    said
}

/// Why starts are not compared.
fn not_cold(record: &Record, index: usize, starts: &StartSummary) -> Option<String> {
    let lane = &record.lanes[index];
    let same = |earlier: &&Lane| earlier.target == lane.target && lane.platform != Platform::AgentCore;
    if starts.cold.calls == 0 {
        return Some(match record.lanes[..index].iter().find(same) {
            Some(earlier) => {
                format!("its environments were started for {}, so no cold start was measured", earlier.name)
            }
            None => "no cold start was measured".to_owned(),
        });
    }
    if starts.warm.calls == 0 {
        return Some("the starts were not repeated, so it is not known how many were cold".to_owned());
    }
    (!starts.is_cold()).then(|| {
        format!(
            "{} of {} starts were clearly cold, the others may have met what ran already; so they are not compared",
            starts.clearly_cold, starts.cold.calls
        )
    })
}

/// A closed load meets a stall once, whatever it would have done to others.
fn stalls(load: &LoadRecord, measured: &Measured) -> Option<String> {
    let Load::Closed { callers } = load.load else { return None };
    let all = measured.all();
    let median = all.quantile(0.5)?;
    let far = || all.buckets().filter(|(microseconds, _)| milliseconds(*microseconds) > FAR * median);
    let calls: u64 = far().map(|(_, many)| many).sum();
    let lost: f64 =
        far().map(|(microseconds, many)| (milliseconds(microseconds) - median) * count(many)).sum();
    let seconds: f64 = measured.rounds.iter().map(|round| round.seconds).sum();
    let share = lost / 1e3 / (seconds * count(callers as u64));
    let of_calls = count(calls) / count(all.calls());
    (share > LOST && of_calls < FEW).then(|| {
        format!(
            "{calls} of {} calls took more than {FAR} times the median, and {:.0} % of the time. Callers who wait for their answers meet a stall once, so this load understates it",
            all.calls(),
            share * 1e2
        )
    })
}

/// What shows what a closed load cannot.
fn instead(record: &Record) -> String {
    let open = record.plan.loads.iter().find(|load| matches!(load, Load::Open { .. }));
    open.map_or_else(|| "measure with --rate".to_owned(), |open| format!("see {open}"))
}

/// This program may have been the limit.
fn client_limit(lane: &Summary) -> Option<String> {
    let busy = lane.busy.filter(|busy| *busy > BUSY).map(|busy| {
        format!("this client was at work {:.0} % of the time, so it may be what limited", busy * 1e2)
    });
    let behind =
        lane.late_p90_ms.zip(lane.latency.p50).filter(|(late, p50)| *late > 1.0 && *late > 0.1 * p50);
    let behind = behind.map(|(late, _)| {
        format!("this client got to 10 % of the calls {late:.1} ms late or more, which counts as their time")
    });
    let held = (lane.held > 0).then(|| {
        format!(
            "{} calls were kept back, {MOST_IN_FLIGHT} being on their way already; that counts as their time",
            lane.held
        )
    });
    busy.or(behind).or(held)
}

/// Too few calls for a quantile to mean something.
fn few(findings: &Findings) -> Option<String> {
    let mut measured = findings.loads.iter().flat_map(|load| &load.lanes).filter(|lane| lane.calls > 0);
    let few = |lane: &Summary| !lane.latency.supports(0.999);
    let said = "~ marks a quantile with fewer than ten calls beyond it: p50 needs 20 calls, p90 100, p99 1000, p99.9 10000";
    measured.any(few).then(|| said.to_owned())
}

/// Too few rounds for intervals.
fn no_intervals(record: &Record, findings: &Findings) -> Option<String> {
    let starts = findings.starts.iter().map(|starts| starts.cold.calls).max();
    let rounds = |load: &LoadRecord| load.lanes.iter().map(|lane| lane.rounds.len()).max();
    let few_rounds = record.loads.iter().filter_map(rounds).any(|rounds| rounds < LEAST_ROUNDS);
    let few_starts = starts.is_some_and(|starts| starts < LEAST_ROUNDS as u64);
    (few_rounds || few_starts).then(|| {
        format!("ratios take {LEAST_ROUNDS} starts, or {LEAST_ROUNDS} rounds of two calls for each caller: with fewer, chance cannot be told")
    })
}

/// What an earlier run has no counterpart of.
fn unmatched(before: &Record, record: &Record) -> Vec<String> {
    let mut said = Vec::new();
    for lane in record.lanes.iter().filter(|lane| baseline::counterpart(before, lane).is_none()) {
        said.push(format!("{} is not in the earlier run", lane.name));
    }
    for load in
        record.loads.iter().filter(|load| !before.loads.iter().any(|earlier| earlier.load == load.load))
    {
        said.push(format!("{} is not in the earlier run", load.load));
    }
    if before.plan.workload != record.plan.workload {
        said.push("the earlier run made other calls".to_owned());
    }
    said
}

fn cost(record: &Record, findings: &Findings) -> Option<String> {
    let cost = findings.cost.as_ref()?;
    let priced = &cost.model.prices.region;
    let elsewhere = record.lanes.iter().filter(|lane| lane.platform != Platform::Other);
    let elsewhere = elsewhere.filter_map(|lane| lane.region.as_ref()).find(|region| *region != priced)?;
    Some(format!(
        "the prices are those of {priced}, and {elsewhere} may have others: give a table with --prices"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;

    use crate::compare::record::Round;

    /// A caller who called for a minute, a call taking so many milliseconds, but each tenth
    /// second a second longer.
    fn stalling(milliseconds: u64) -> Measured {
        let mut measured =
            Measured { rounds: vec![Round { seconds: 60.0, ..Round::default() }], ..Measured::default() };
        let calls = &mut measured.rounds[0].calls;
        (0..54_000 / milliseconds).for_each(|_| calls.answered(Duration::from_millis(milliseconds)));
        (0..6).for_each(|_| calls.answered(Duration::from_millis(1000 + milliseconds)));
        measured
    }

    #[test]
    fn a_stall_is_noticed_on_quick_hosts_and_on_slow_ones() {
        let load = LoadRecord { load: Load::Closed { callers: 1 }, lanes: Vec::new() };
        for milliseconds in [1, 20, 80] {
            let said = stalls(&load, &stalling(milliseconds)).expect("a warning");
            assert!(said.starts_with("6 of "), "{said}");
        }
        // So slow that the 99th percentile shows it.
        let slow = stalling(190);
        assert_eq!(stalls(&load, &slow), None);
        assert!(slow.all().quantile(0.99).is_some_and(|p99| p99 > 1000.0));
        let mut steady = stalling(20);
        steady.rounds[0].calls = (0..3000).map(|_| Duration::from_millis(20)).collect();
        assert_eq!(stalls(&load, &steady), None);
    }
}
