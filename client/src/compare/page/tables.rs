//! The numbers, a column for each host, so that a phone has room for them.

use maud::{Markup, html};

use super::{legend, swatch};
use crate::compare::findings::{Cost, Figures, LaneCost, LoadSummary, StartSummary, Summary};
use crate::compare::plan::Load;
use crate::compare::record::Record;
use crate::compare::statistics::Interval;
use crate::compare::words::{self, Certainty, dollars, interval, number};

/// A row: what it is, each host's value, how that compares to the first's, and whose is the
/// best.
struct Row<T> {
    name: &'static str,
    value: fn(&T) -> String,
    ratio: fn(&T) -> Option<Interval>,
    best: Option<usize>,
}

fn row<T>(name: &'static str, value: fn(&T) -> String) -> Row<T> {
    Row { name, value, ratio: |_| None, best: None }
}

impl<T> Row<T> {
    fn compared(self, ratio: fn(&T) -> Option<Interval>, best: Option<usize>) -> Self {
        Self { ratio, best, ..self }
    }
}

fn table<T>(record: &Record, lanes: &[T], rows: &[Row<T>]) -> Markup {
    // On a phone, names of many hosts have no room but in the legend.
    let many = (record.lanes.len() > 2).then_some("many");
    html! {
        @if many.is_some() { div class="phone" { (legend(record)) } }
        table class=[many] {
            tr { th {} @for (index, lane) in record.lanes.iter().enumerate() { th { (swatch(index)) span class="name" { (lane.name) } } } }
            @for row in rows {
                tr {
                    td { (row.name) }
                    @for (index, lane) in lanes.iter().enumerate() {
                        td class=[(row.best == Some(index)).then_some("best")] {
                            ((row.value)(lane))
                            @if let Some(ratio) = (row.ratio)(lane) { small { "× " (interval(&ratio)) } }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn starts(record: &Record, starts: &[StartSummary]) -> Markup {
    let best = starts.iter().position(|start| start.best);
    let rows = [
        row("starts", |start: &StartSummary| start.cold.calls.to_string()),
        row("failed", |start| start.failed.values().sum::<u64>().to_string()),
        row("cold, min", |start| number(start.cold.min)),
        row("cold, median", |start: &StartSummary| quantile(&start.cold, 0.5))
            .compared(|start| start.ratio, best),
        row("cold, max", |start| number(start.cold.max)),
        row("warm, median", |start| quantile(&start.warm, 0.5)),
        row("of it handshake", |start| number(start.handshake_ms)),
        row("clearly cold", |start| format!("{} of {}", start.clearly_cold, start.cold.calls)),
    ];
    table(record, starts, &rows)
}

/// A quantile, with ~ behind it where the calls are too few for it.
fn quantile(figures: &Figures, share: f64) -> String {
    let (text, certainty) = words::quantile(figures, share);
    if certainty == Certainty::TooFew { text + " ~" } else { text }
}

pub(super) fn load(record: &Record, summary: &LoadSummary) -> Markup {
    let mut rows = vec![
        row("calls", |lane: &Summary| lane.calls.to_string()),
        row("failed", |lane| lane.failures().to_string()),
        row("throttled", |lane| lane.throttled().to_string()),
        row("calls per second", |lane: &Summary| number(lane.throughput))
            .compared(|lane| lane.throughput_ratio, summary.best_throughput),
        row("min", |lane| number(lane.latency.min)),
        row("p50", |lane: &Summary| quantile(&lane.latency, 0.5))
            .compared(|lane| lane.p50_ratio, summary.best_p50),
        row("p90", |lane| quantile(&lane.latency, 0.9)),
        row("p99", |lane: &Summary| quantile(&lane.latency, 0.99))
            .compared(|lane| lane.p99_ratio, summary.best_p99),
        row("p99.9", |lane| quantile(&lane.latency, 0.999)),
        row("max", |lane| number(lane.latency.max)),
        row("mean", |lane| number(lane.latency.mean)),
        row("this client's own work", |lane| number(lane.own_work_ms)),
    ];
    if matches!(summary.load, Load::Open { .. }) {
        rows.push(row("begun late, p90", |lane| number(lane.late_p90_ms)));
    }
    table(record, &summary.lanes, &rows)
}

pub(super) fn cost(record: &Record, cost: &Cost) -> Markup {
    fn part(lane: Option<&LaneCost>, part: fn(&LaneCost) -> String) -> String {
        lane.map_or_else(|| "-".to_owned(), part)
    }
    let rows = [
        row("requests", |lane: &Option<LaneCost>| part(lane.as_ref(), |lane| dollars(lane.bill.requests))),
        row("memory", |lane| part(lane.as_ref(), |lane| dollars(lane.bill.memory))),
        row("CPU", |lane| part(lane.as_ref(), |lane| dollars(lane.bill.cpu))),
        row("all", |lane| part(lane.as_ref(), |lane| dollars(lane.bill.total()))),
        row("ms a request, at most", |lane| part(lane.as_ref(), |lane| number(Some(lane.usage.call_ms)))),
    ];
    table(record, &cost.lanes, &rows)
}
