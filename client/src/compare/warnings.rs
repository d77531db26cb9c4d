//! What is to be known before a number is trusted.

use super::distribution::{count, milliseconds};
use super::findings::{Findings, Summary};
use super::plan::Load;
use super::record::{LoadRecord, Measured, Platform, Record};

/// Above this share of the time at work, this program may be what limits.
const BUSY: f64 = 0.8;

/// Above this share of the time lost to answers that took far longer than the median, a
/// closed load hides what other callers would have met.
const STALLED: f64 = 0.05;

/// Far longer than the median, for [`STALLED`].
const FAR: f64 = 10.0;

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
    for (lane, starts) in record.lanes.iter().zip(&findings.starts) {
        if 2 * starts.surely_cold < record.plan.starts {
            said.push(format!(
                "{}: {} of {} starts were surely cold; the others may have met what ran already",
                lane.name, starts.surely_cold, starts.first.calls
            ));
        }
    }
    for (load, summary) in record.loads.iter().zip(&findings.loads) {
        let name = |index: usize| record.lanes[index].name.as_str();
        for (index, (measured, lane)) in load.lanes.iter().zip(&summary.lanes).enumerate() {
            let place = format!("{}, {}", name(index), load.load);
            let stalls = stalls(load, measured);
            said.extend(stalls.map(|what| format!("{place}: {what}: {}", instead(record))));
            said.extend(client_limit(load, lane).map(|what| format!("{place}: {what}")));
        }
    }
    said.extend(few(findings));
    said.extend(cost(record, findings));
    if let Some(before) = baseline
        && serde_json::to_value(&before.plan.workload).ok()
            != serde_json::to_value(&record.plan.workload).ok()
    {
        said.push("the earlier run made other calls than this one".to_owned());
    }
    said
}

/// A closed load sees a pause once, whatever it would have done to others.
fn stalls(load: &LoadRecord, measured: &Measured) -> Option<String> {
    let Load::Closed { callers } = load.load else { return None };
    let all = measured.all();
    let median = all.quantile(0.5)?;
    let (mut calls, mut lost) = (0_u64, 0.0);
    for (microseconds, many) in all.buckets() {
        let took = milliseconds(microseconds);
        if took > FAR * median {
            calls += many;
            lost += took * count(many) / 1e3;
        }
    }
    let share = lost / (measured.seconds() * count(callers as u64));
    let of_calls = count(calls) / count(all.calls());
    (share > STALLED && share > 2.0 * of_calls).then(|| {
        format!(
            "{calls} of {} calls took more than {FAR} times the median, and {:.0} % of the time. Callers who wait for their answers cannot show what that does to those who come meanwhile",
            all.calls(),
            share * 1e2
        )
    })
}

/// What shows what a closed load cannot.
fn instead(record: &Record) -> String {
    let open = record.plan.loads.iter().find(|load| matches!(load, Load::Open { .. }));
    open.map_or_else(|| "measure with --rate".to_owned(), |open| format!("{open} shows it"))
}

/// This program may have been the limit.
fn client_limit(load: &LoadRecord, lane: &Summary) -> Option<String> {
    let busy = lane.busy.filter(|busy| *busy > BUSY).map(|busy| {
        format!("this client was at work {:.0} % of the time, so it may be what limited", busy * 1e2)
    });
    let rate_missed =
        lane.late_p90_ms.zip(lane.latency.p50).filter(|(late, p50)| *late > 1.0 && *late > 0.1 * p50);
    let rate_missed = rate_missed.filter(|_| matches!(load.load, Load::Open { .. })).map(|(late, _)| {
        format!("10 % of the calls were begun {late:.1} ms late or more, which counts as their time: this client could not keep the rate")
    });
    busy.or(rate_missed)
}

/// Too few calls for a quantile to mean something.
fn few(findings: &Findings) -> Option<String> {
    let mut measured = findings.loads.iter().flat_map(|load| &load.lanes).filter(|lane| lane.calls > 0);
    let few = |lane: &Summary| [0.9, 0.99, 0.999].iter().any(|quantile| !lane.latency.supports(*quantile));
    let said =
        "what is marked ~ is of too few calls: ten beyond it take 100 for p90, 1000 for p99, 10000 for p99.9";
    measured.any(few).then(|| said.to_owned())
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
