//! How long calls took, cold and warm.

use std::fmt::Write;

use super::table::{Mark, Row, Style, Table};
use crate::compare::findings::{Figures, LoadSummary, StartSummary, Summary};
use crate::compare::plan::Load;
use crate::compare::record::Record;
use crate::compare::words::{self, Certainty, and, described, how_cold, interval, number};

pub(super) fn starts(record: &Record, starts: &[StartSummary], style: Style) -> String {
    let mut table =
        Table::new(&["starts", "min", "p50", "max", "warm p50", "handshake", "clearly cold", "failed"]);
    for (lane, start) in record.lanes.iter().zip(starts) {
        let row = table.row(&lane.name);
        row.cell(start.cold.calls.to_string()).cell(number(start.cold.min));
        quantile(row, &start.cold, 0.5, start.best);
        row.cell(number(start.cold.max));
        quantile(row, &start.warm, 0.5, false);
        row.cell(number(start.handshake_ms));
        row.cell(format!("{} of {}", start.clearly_cold, start.cold.calls));
        row.cell(start.failed.values().sum::<u64>().to_string());
    }
    let mut text = format!("Cold, from connecting to the first answer, in ms\n{}", table.print(style));
    for (lane, start) in record.lanes.iter().zip(starts) {
        if let Some(ratio) = &start.ratio {
            let (ratio, first) = (interval(ratio), &record.lanes[0].name);
            let _ = writeln!(text, "  {}: p50 {ratio} times that of {first}", lane.name);
        }
    }
    text + &how_cold(record).iter().map(|line| format!("  {line}\n")).collect::<String>()
}

pub(super) fn load(record: &Record, summary: &LoadSummary, style: Style) -> String {
    let header =
        ["calls", "calls/s", "min", "p50", "p90", "p99", "p99.9", "max", "mean", "failed", "throttled"];
    let mut table = Table::new(&header);
    for (index, (lane, measured)) in record.lanes.iter().zip(&summary.lanes).enumerate() {
        let figures = &measured.latency;
        let row = table.row(&lane.name);
        row.cell(measured.calls.to_string());
        row.marked(number(measured.throughput), mark(summary.best_throughput == Some(index)));
        row.cell(number(figures.min));
        quantile(row, figures, 0.5, summary.best_p50 == Some(index));
        quantile(row, figures, 0.9, false);
        quantile(row, figures, 0.99, summary.best_p99 == Some(index));
        quantile(row, figures, 0.999, false);
        row.cell(number(figures.max)).cell(number(figures.mean));
        row.cell(measured.failures().to_string()).cell(measured.throttled().to_string());
    }
    let mut text = format!("Warm, {}, in ms\n{}", described(summary.load), table.print(style));
    for (lane, measured) in record.lanes.iter().zip(&summary.lanes) {
        if let Some(ratios) = ratio_line(measured) {
            let _ = writeln!(text, "  {}: {ratios} times those of {}", lane.name, record.lanes[0].name);
        }
    }
    text + &own_work(record, summary)
}

fn quantile(row: &mut Row, figures: &Figures, share: f64, best: bool) {
    let (text, certainty) = words::quantile(figures, share);
    row.marked(text, if certainty == Certainty::TooFew { Mark::Unsure } else { mark(best) });
}

fn mark(best: bool) -> Mark {
    if best { Mark::Best } else { Mark::None }
}

fn ratio_line(measured: &Summary) -> Option<String> {
    let Summary { p50_ratio, p99_ratio, throughput_ratio, .. } = measured;
    let ratios = [("p50", p50_ratio), ("p99", p99_ratio), ("calls/s", throughput_ratio)];
    let shown: Vec<String> = ratios
        .into_iter()
        .filter_map(|(name, ratio)| Some(format!("{name} {}", interval(ratio.as_ref()?))))
        .collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// What of the time is this program's.
fn own_work(record: &Record, summary: &LoadSummary) -> String {
    let lanes = record.lanes.iter().zip(&summary.lanes);
    let works: Vec<String> = match summary.load {
        Load::Closed { .. } => lanes
            .filter_map(|(lane, measured)| Some(format!("{:.2} ms ({})", measured.own_work_ms?, lane.name)))
            .collect(),
        // One figure for all of them.
        Load::Open { .. } => summary
            .lanes
            .iter()
            .find_map(|lane| lane.own_work_ms)
            .map(|work| format!("{work:.2} ms"))
            .into_iter()
            .collect(),
    };
    if works.is_empty() {
        return String::new();
    }
    format!("  This client's own work on a call, signing included: {}.\n", and(&works))
}
