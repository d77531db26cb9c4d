//! The numbers, a column for each host, so that a phone has room for them.

use maud::{Markup, html};

use super::{legend, swatch};
use crate::compare::findings::{Cost, Figures, LaneCost, LoadSummary, StartSummary, Summary};
use crate::compare::plan::Load;
use crate::compare::record::Record;
use crate::compare::statistics::Interval;
use crate::compare::words::{dollars, interval, number};

/// A row: what it is, and each host's value with how it compares to the first's.
type Row<T> = (&'static str, fn(&T) -> String, fn(&T) -> Option<Interval>);

fn table<T>(record: &Record, lanes: &[T], rows: &[Row<T>]) -> Markup {
    // On a phone, names of many hosts have no room but in the legend.
    let many = (record.lanes.len() > 2).then_some("many");
    html! {
        @if many.is_some() { div class="phone" { (legend(record)) } }
        table class=[many] {
            tr { th {} @for (index, lane) in record.lanes.iter().enumerate() { th { (swatch(index)) span class="name" { (lane.name) } } } }
            @for (name, value, ratio) in rows {
                tr {
                    td { (name) }
                    @for lane in lanes {
                        td { (value(lane)) @if let Some(ratio) = ratio(lane) { small { "× " (interval(&ratio)) } } }
                    }
                }
            }
        }
    }
}

fn no_ratio<T>(_: &T) -> Option<Interval> {
    None
}

pub(super) fn starts(record: &Record, starts: &[StartSummary]) -> Markup {
    let rows: [Row<StartSummary>; 7] = [
        ("starts", |start| start.first.calls.to_string(), no_ratio),
        ("cold, min", |start| number(start.first.min), no_ratio),
        ("cold, median", |start| number(start.first.p50), |start| start.ratio),
        ("cold, max", |start| number(start.first.max), no_ratio),
        ("warm, median", |start| number(start.again.p50), no_ratio),
        ("of it handshake", |start| number(start.handshake_ms), no_ratio),
        ("surely cold", |start| format!("{} of {}", start.surely_cold, start.first.calls), no_ratio),
    ];
    table(record, starts, &rows)
}

/// A quantile, with ~ behind it where the calls are too few for it.
fn quantile(figures: &Figures, value: Option<f64>, quantile: f64) -> String {
    let unsure = value.is_some() && !figures.supports(quantile);
    number(value) + if unsure { " ~" } else { "" }
}

pub(super) fn load(record: &Record, summary: &LoadSummary) -> Markup {
    let rows: [Row<Summary>; 12] = [
        ("calls", |lane| lane.calls.to_string(), no_ratio),
        ("failed", |lane| lane.failures().to_string(), no_ratio),
        ("throttled", |lane| lane.throttled().to_string(), no_ratio),
        ("calls per second", |lane| number(lane.throughput), |lane| lane.throughput_ratio),
        ("min", |lane| number(lane.latency.min), no_ratio),
        ("p50", |lane| number(lane.latency.p50), |lane| lane.p50_ratio),
        ("p90", |lane| quantile(&lane.latency, lane.latency.p90, 0.9), no_ratio),
        ("p99", |lane| quantile(&lane.latency, lane.latency.p99, 0.99), |lane| lane.p99_ratio),
        ("p99.9", |lane| quantile(&lane.latency, lane.latency.p999, 0.999), no_ratio),
        ("max", |lane| number(lane.latency.max), no_ratio),
        ("mean", |lane| number(lane.latency.mean), no_ratio),
        ("this client's own work", |lane| number(lane.own_work_ms), no_ratio),
    ];
    let late: [Row<Summary>; 1] = [("begun late, p90", |lane| number(lane.late_p90_ms), no_ratio)];
    let open = matches!(summary.load, Load::Open { .. });
    let rows: Vec<Row<Summary>> = rows.into_iter().chain(late.into_iter().filter(|_| open)).collect();
    table(record, &summary.lanes, &rows)
}

pub(super) fn cost(record: &Record, cost: &Cost) -> Markup {
    fn part(lane: Option<&LaneCost>, part: fn(&LaneCost) -> f64) -> String {
        lane.map_or_else(|| "-".to_owned(), |lane| dollars(part(lane)))
    }
    let rows: [Row<Option<LaneCost>>; 5] = [
        ("requests", |lane| part(lane.as_ref(), |lane| lane.bill.requests), no_ratio),
        ("memory", |lane| part(lane.as_ref(), |lane| lane.bill.memory), no_ratio),
        ("CPU", |lane| part(lane.as_ref(), |lane| lane.bill.cpu), no_ratio),
        ("all", |lane| part(lane.as_ref(), |lane| lane.bill.total()), no_ratio),
        (
            "ms a request, at most",
            |lane| lane.map_or_else(|| "-".to_owned(), |lane| number(Some(lane.usage.call_ms))),
            no_ratio,
        ),
    ];
    table(record, &cost.lanes, &rows)
}
