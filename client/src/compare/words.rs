//! Sentences and numbers, as both reports have them.

use std::collections::BTreeMap;

use super::cost::{Cheapest, CostModel};
use super::findings::{Cost, Figures, Findings};
use super::plan::Load;
use super::record::{Platform, Record};
use super::statistics::{Interval, Quantity};

/// The idle timeout of AgentCore where none is set (AgentCore quotas).
const USUAL_IDLE_TIMEOUT: f64 = 900.0;

/// What a load is, for a heading.
pub(crate) fn described(load: Load) -> String {
    match load {
        Load::Closed { callers: 1 } => "one caller, who waits for each answer".to_owned(),
        Load::Closed { callers } => format!("{callers} callers, who wait for each answer"),
        Load::Open { rate } => format!("{rate} calls/s, each timed from when it was due"),
    }
}

/// How starts were provoked, and how surely.
pub(crate) fn how_cold(record: &Record) -> Vec<String> {
    let has = |platform| record.lanes.iter().any(|lane| lane.platform == platform);
    let count = record.plan.starts;
    let mut lines = Vec::new();
    if has(Platform::AgentCore) {
        lines.push(format!(
            "AgentCore: {count} new sessions, at most 20 at once; each has a microVM of its own."
        ));
    }
    if has(Platform::Lambda) {
        lines.push(format!("Lambda: {count} at once; a request that finds no idle environment starts one."));
    }
    if has(Platform::Other) {
        lines.push(format!("Others: {count} at once; nothing is known of how they start."));
    }
    lines.push(
        "Warm: the same sessions or environments again, right after. Clearly cold: slower than every warm one."
            .to_owned(),
    );
    lines
}

/// What the costs rest on, and where the cheapest host changes.
pub(crate) fn cost_notes(record: &Record, cost: &Cost) -> Vec<String> {
    let assumed = &cost.model.assumptions;
    let cpu = assumed.cpu_ms.map_or_else(
        || "CPU for all of the time that a call takes".to_owned(),
        |ms| format!("{ms} ms of CPU a call"),
    );
    let mut notes = vec![format!(
        "Assumed: {} per session, {} s apart, and a start for each session; Lambda with {} MB; AgentCore with {} MB, an idle timeout of {} s, and {cpu}.",
        plural(u64::from(assumed.calls_per_session), "call"),
        assumed.seconds_between_calls,
        assumed.lambda_mb,
        assumed.agentcore_mb,
        assumed.idle_timeout
    )];
    notes.extend(usual_idle_timeout(record, cost));
    if cost.lanes.iter().flatten().count() > 1 {
        notes.push(format!(
            "Cheapest by calls per session: {}.",
            cheapest(record, &cost.by_calls_per_session)
        ));
        notes.push(format!(
            "Cheapest by calls per hour, of one agent that keeps its session: {}.",
            cheapest(record, &cost.by_calls_per_hour)
        ));
    }
    notes
}

fn usual_idle_timeout(record: &Record, cost: &Cost) -> Option<String> {
    let lane = record.lanes.iter().position(|lane| lane.platform == Platform::AgentCore)?;
    let mut assumptions = cost.model.assumptions;
    if assumptions.idle_timeout >= USUAL_IDLE_TIMEOUT {
        return None;
    }
    assumptions.idle_timeout = USUAL_IDLE_TIMEOUT;
    let model = CostModel { assumptions, ..cost.model.clone() };
    let bill = model.bill(&cost.lanes.get(lane)?.as_ref()?.usage)?;
    Some(format!(
        "With AgentCore's usual idle timeout of {USUAL_IDLE_TIMEOUT} s, a million calls on {} cost {}.",
        record.lanes[lane].name,
        dollars(bill.total())
    ))
}

/// Which host is the cheapest from where.
fn cheapest(record: &Record, steps: &[Cheapest]) -> String {
    let name = |step: &Cheapest| record.lanes[step.host].name.as_str();
    match steps {
        [] => "not known".to_owned(),
        [only] => format!("{} at any number", name(only)),
        steps => {
            let shown = steps.iter().enumerate().map(|(index, step)| match steps.get(index + 1) {
                Some(next) if index == 0 => format!("{} up to {}", name(step), next.from - 1.0),
                _ => format!("{} from {}", name(step), step.from),
            });
            shown.collect::<Vec<_>>().join(", ")
        }
    }
}

/// What failed, by host and kind, with what was said first; a line each.
pub(crate) fn failures(record: &Record) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, lane) in record.lanes.iter().enumerate() {
        for (kind, count) in failed(record, index) {
            let said = lane.said.get(&kind).map_or_else(String::new, |said| format!(", at first: {said}"));
            lines.push(format!("{}: {kind}, {}{said}", lane.name, plural(count, "time")));
        }
    }
    lines
}

/// How often a host failed, by kind, over all that was measured.
fn failed(record: &Record, lane: usize) -> BTreeMap<String, u64> {
    let loads = record.loads.iter().flat_map(|load| &load.lanes[lane].rounds);
    let starts = record.starts.get(lane).into_iter();
    let starts = starts.flat_map(|starts| starts.cold.failed.iter().chain(&starts.warm.failed));
    let beforehand = &record.lanes[lane].beforehand;
    let mut failed = BTreeMap::new();
    for (kind, count) in loads.flat_map(|round| round.calls.failures()).chain(starts).chain(beforehand) {
        *failed.entry(kind.clone()).or_default() += count;
    }
    failed
}

/// What is slower than it was, a line each.
pub(crate) fn regressions(findings: &Findings) -> Vec<String> {
    let slower = findings.regressions.iter().map(|regression| {
        let place = regression.load.map_or_else(|| "cold start".to_owned(), |load| load.to_string());
        let times = interval(&regression.slower);
        let what = match regression.quantity {
            Quantity::Quantile(quantile) => format!("p{:.0} is {times} times what it was", quantile * 1e2),
            Quantity::Throughput => format!("throughput fell by a factor of {times}"),
        };
        format!("{}, {place}: {what}", regression.lane)
    });
    slower.collect()
}

/// A quantile of some calls, and whether it is of too few. One that falls among calls that
/// failed is said to.
pub(crate) fn quantile(figures: &Figures, quantile: f64) -> (String, Certainty) {
    let value = figures.quantile(quantile);
    if value.is_none() && figures.calls > 0 {
        return ("failed".to_owned(), Certainty::Fine);
    }
    let unsure = value.is_some() && !figures.supports(quantile);
    (number(value), if unsure { Certainty::TooFew } else { Certainty::Fine })
}

/// Whether there are enough calls for a quantile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    Fine,
    TooFew,
}

/// Three digits or more.
pub(crate) fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.is_infinite() => "∞".to_owned(),
        Some(value) if value < 9.995 => format!("{value:.2}"),
        Some(value) if value < 99.95 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

/// An estimate with its interval.
pub(crate) fn interval(interval: &Interval) -> String {
    let [estimate, low, high] = [interval.estimate, interval.low, interval.high].map(times);
    format!("{estimate} [{low}, {high}]")
}

/// A ratio, of which a small one is as interesting as a large one.
fn times(ratio: f64) -> String {
    match ratio {
        small if small > 0.0 && small < 0.00995 => format!("{small:.4}"),
        small if small > 0.0 && small < 0.0995 => format!("{small:.3}"),
        ratio => number(Some(ratio)),
    }
}

/// A share in percent, without digits that mean nothing.
pub(crate) fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 1e2);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// Dollars per million calls.
pub(crate) fn dollars(value: f64) -> String {
    if value < 0.0995 { format!("{value:.3}") } else { format!("{value:.2}") }
}

/// `1 call`, `2 calls`.
pub(crate) fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
