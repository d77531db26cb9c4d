//! What most want to know, at a glance.

use maud::{Markup, html};

use super::swatch;
use crate::compare::findings::Findings;
use crate::compare::plan::Load;
use crate::compare::record::Record;
use crate::compare::words::{number, plural};

pub(super) fn tiles(record: &Record, findings: &Findings) -> Markup {
    let lanes = || record.lanes.iter().enumerate();
    let calm = findings.calmest();
    let busiest = findings.loads.iter().rfind(|load| matches!(load.load, Load::Closed { .. }));
    let tile = |title: &str, value: &dyn Fn(usize) -> String| {
        html! { div class="tile" { h3 { (title) } @for (index, lane) in lanes() { p { span { (swatch(index)) (lane.name) } b { (value(index)) } } } } }
    };
    let ms = |value: Option<f64>| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{} ms", number(Some(value))))
    };
    html! {
        div class="tiles" {
            div class="tile" {
                h3 { "Same answers" }
                @match findings.same {
                    Some(true) => p { b class="good" { "yes" } span { (plural(record.plan.workload.calls().len() as u64, "call")) ", alike on all" } },
                    Some(false) => p { b class="bad" { "NO" } span { "see the differences below" } },
                    None => p { b { "not known" } },
                }
            }
            @if !findings.starts.is_empty() { (tile("Cold start, median", &|lane| ms(findings.starts[lane].cold_p50()))) }
            @if let Some(calm) = calm { (tile(&format!("Warm call, median, {}", calm.load), &|lane| ms(calm.lanes[lane].latency.p50))) }
            @if let Some(busiest) = busiest { (tile(&format!("Calls per second, {}", busiest.load), &|lane| number(busiest.lanes[lane].throughput))) }
            @if let Some(cost) = &findings.cost {
                (tile("A million calls", &|lane| cost.lanes[lane].map_or_else(|| "-".to_owned(), |lane| format!("${:.2}", lane.bill.total()))))
            }
        }
    }
}
