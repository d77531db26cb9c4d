//! The report as one page: no script, nothing from the network, light and dark.

mod charts;
mod method;
mod tables;
mod tiles;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{Chart, DrawingError, LANES};
use super::findings::Findings;
use super::plan::Load;
use super::record::{LoadRecord, Record};
use super::words::{cost_notes, described, failures, how_cold, regressions};

/// The page, as HTML.
///
/// # Errors
/// What the drawing library objects to.
pub fn page(record: &Record, findings: &Findings) -> Result<String, DrawingError> {
    let body = html! {
        header {
            h1 { "Which host should the tools live on?" }
            p class="soft" { (record.made_by) " compare, " (record.started) }
            (legend(record))
        }
        (tiles::tiles(record, findings))
        (to_be_known(findings))
        (sameness(record))
        (cold(record, findings)?)
        (warm(record, findings)?)
        (cost(record, findings)?)
        (trouble(record, findings))
        (method::method(record, findings))
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { "Hosts of MCP tools, compared" }
                style { (PreEscaped(include_str!("page/style.css"))) (PreEscaped(colours())) }
            }
            body { (body) }
        }
    };
    Ok(page.into_string())
}

/// Has the charts take the page's colours for their placeholders.
fn colours() -> String {
    let lanes = LANES.iter().enumerate().map(|(lane, colour)| {
        let colour = format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2);
        format!(
            "[fill=\"{colour}\"]{{fill:var(--lane{lane})}}[stroke=\"{colour}\"]{{stroke:var(--lane{lane})}}"
        )
    });
    lanes.collect::<String>()
        + "[stroke=\"#DDDDDD\"]{stroke:var(--line)}[stroke=\"#333333\"]{stroke:var(--soft)}"
}

fn swatch(lane: usize) -> Markup {
    html! { span class={ "swatch lane" (lane % LANES.len()) } {} }
}

fn legend(record: &Record) -> Markup {
    html! { p class="legend" { @for (index, lane) in record.lanes.iter().enumerate() { span { (swatch(index)) (lane.name) } } } }
}

fn to_be_known(findings: &Findings) -> Markup {
    html! { @if !findings.warnings.is_empty() { h2 { "Before you rely on this" } (list(&findings.warnings)) } }
}

fn list(lines: &[String]) -> Markup {
    html! { ul { @for line in lines { li { (line) } } } }
}

fn sameness(record: &Record) -> Markup {
    let differences = record.differences.as_deref();
    html! {
        h2 { "Same answers?" }
        @match differences {
            None => p { "Not every host was asked." },
            Some([]) => p { "The tool lists and the answers to all calls of the workload are alike on all hosts." },
            Some(differences) => @for difference in differences {
                h3 class="bad" { (record.lanes[difference.lane].name) " differs in " (difference.what) }
                pre { (difference.diff) }
            },
        }
    }
}

fn cold(record: &Record, findings: &Findings) -> Result<Markup, DrawingError> {
    Ok(html! {
        @if !findings.starts.is_empty() {
            h2 { "Cold against warm" }
            (figure("From connecting to the first answer. Each dot is a start: cold, and the same again at once, warm.", record, charts::cold_and_warm(record))?)
            (tables::starts(record, &findings.starts))
            @for line in how_cold(record) { p class="soft" { (line) } }
        }
    })
}

fn warm(record: &Record, findings: &Findings) -> Result<Markup, DrawingError> {
    let calm = findings.calmest().and_then(|calm| record.loads.iter().find(|load| load.load == calm.load));
    let open = record.loads.iter().find(|load| matches!(load.load, Load::Open { .. }));
    let shown: Vec<&LoadRecord> =
        calm.into_iter().chain(open.filter(|open| calm.is_none_or(|calm| calm.load != open.load))).collect();
    Ok(html! {
        @if !findings.loads.is_empty() {
            h2 { "Warm" }
            @if let Some(calm) = calm { (figure(&format!("Latency distribution, {}: the share of the calls by how long they took.", calm.load), record, charts::distribution(calm))?) }
            @for load in shown { (figure(&format!("Percentiles, {}: the time in milliseconds that so many of the calls kept to.", load.load), record, charts::percentiles(load))?) }
            (figure("Throughput: answered calls per second by callers, each of whom waits for an answer before the next call.", record, charts::throughput(record, findings))?)
            div class="loads" {
                @for summary in &findings.loads {
                    section {
                        h3 { (capital(&described(summary.load))) ", in ms" }
                        (tables::load(record, summary))
                    }
                }
            }
        }
    })
}

fn cost(record: &Record, findings: &Findings) -> Result<Markup, DrawingError> {
    let Some(cost) = &findings.cost else { return Ok(html! {}) };
    let prices = &cost.model.prices;
    Ok(html! {
        h2 { "Cost" }
        (figure("US dollars for a million calls, by how many of them share a session. A line from bottom to top is where the cheapest host changes.", record, charts::cost(cost))?)
        (tables::cost(record, cost))
        @for note in cost_notes(record, cost) { p { (note) } }
        p class="soft" {
            "Prices of " (prices.region) ", read " (prices.as_of) " from " (prices.sources.join(" and ")) ". "
            "What a host spends on a request is taken to be the mean wait under the calmest load, less one round trip: no less than what is billed, for each host. "
            "Lambda bills the requests of the handshake too. Logs, builds, images, traffic and free tiers are left out."
        }
    })
}

fn trouble(record: &Record, findings: &Findings) -> Markup {
    let (slower, failed) = (regressions(findings), failures(record));
    html! {
        @if !slower.is_empty() { h2 { "Slower than the earlier run" } (list(&slower)) }
        @if !failed.is_empty() { h2 { "Failures" } (list(&failed)) }
    }
}

fn figure(caption: &str, record: &Record, chart: Option<Chart>) -> Result<Markup, DrawingError> {
    let Some(chart) = chart else { return Ok(html! {}) };
    let svg = chart.svg(caption)?;
    Ok(html! { figure { figcaption { (caption) } (legend(record)) (PreEscaped(svg)) } })
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
