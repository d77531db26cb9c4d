//! How long calls took, cold and warm.

use std::fmt::Write;

use super::table::{Mark, Style, Table};
use crate::compare::findings::{Figures, LoadSummary, StartSummary, Summary};
use crate::compare::record::Record;
use crate::compare::statistics::Interval;
use crate::compare::words::{and, described, how_cold, interval, number};

pub(super) fn starts(record: &Record, starts: &[StartSummary], style: Style) -> String {
    let mut table = Table::new(&["starts", "min", "p50", "max", "warm p50", "handshake", "surely cold"]);
    let ratios = || starts.iter().map(|start| start.ratio);
    let best = clear_winner(starts.iter().map(|start| start.first.p50), ratios(), Better::Less);
    for (index, (lane, start)) in record.lanes.iter().zip(starts).enumerate() {
        let row = table.row(&lane.name);
        row.cell(start.first.calls.to_string());
        row.cell(number(start.first.min));
        row.marked(number(start.first.p50), mark(best == Some(index)));
        row.cell(number(start.first.max)).cell(number(start.again.p50));
        row.cell(number(start.handshake_ms));
        row.cell(format!("{} of {}", start.surely_cold, start.first.calls));
    }
    let mut text = format!("Cold, from connecting to the first answer, in ms\n{}", table.print(style));
    for (lane, start) in record.lanes.iter().zip(starts) {
        if let Some(ratio) = &start.ratio {
            let _ = writeln!(
                text,
                "  {}: p50 {} times that of {}",
                lane.name,
                interval(ratio),
                record.lanes[0].name
            );
        }
    }
    text + &how_cold(record).iter().map(|line| format!("  {line}\n")).collect::<String>()
}

pub(super) fn load(record: &Record, summary: &LoadSummary, style: Style) -> String {
    let mut table = Table::new(&[
        "calls",
        "calls/s",
        "min",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max",
        "mean",
        "failed",
        "throttled",
    ]);
    let lanes = &summary.lanes;
    let fastest = |of: fn(&Figures) -> Option<f64>, ratio: fn(&Summary) -> Option<Interval>| {
        clear_winner(lanes.iter().map(|lane| of(&lane.latency)), lanes.iter().map(ratio), Better::Less)
    };
    let p50 = fastest(|figures| figures.p50, |lane| lane.p50_ratio);
    let p99 = fastest(|figures| figures.p99, |lane| lane.p99_ratio);
    let ratios = lanes.iter().map(|lane| lane.throughput_ratio);
    let throughput = clear_winner(lanes.iter().map(|lane| lane.throughput), ratios, Better::More);
    for (index, (lane, measured)) in record.lanes.iter().zip(lanes).enumerate() {
        let figures = &measured.latency;
        let quantile = |value: Option<f64>, quantile, best: Option<usize>| {
            let unsure = value.is_some() && !figures.supports(quantile);
            (number(value), if unsure { Mark::Unsure } else { mark(best == Some(index)) })
        };
        let row = table.row(&lane.name);
        row.cell(measured.calls.to_string());
        row.marked(number(measured.throughput), mark(throughput == Some(index)));
        row.cell(number(figures.min)).marked(number(figures.p50), mark(p50 == Some(index)));
        for (text, mark) in [
            quantile(figures.p90, 0.9, None),
            quantile(figures.p99, 0.99, p99),
            quantile(figures.p999, 0.999, None),
        ] {
            row.marked(text, mark);
        }
        row.cell(number(figures.max)).cell(number(figures.mean));
        row.cell(measured.failures().to_string()).cell(measured.throttled().to_string());
    }
    let mut text = format!("Warm, {}, in ms\n{}", described(summary.load), table.print(style));
    for (lane, measured) in record.lanes.iter().zip(lanes) {
        if let Some(ratios) = ratio_line(measured) {
            let _ = writeln!(text, "  {}: {ratios} times those of {}", lane.name, record.lanes[0].name);
        }
    }
    text + &own_work(lanes)
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
fn own_work(lanes: &[Summary]) -> String {
    let works: Vec<String> =
        lanes.iter().filter_map(|lane| lane.own_work_ms).map(|work| format!("{work:.2}")).collect();
    if works.is_empty() {
        return String::new();
    }
    format!("  Of a call, {} ms are this client's own work, signing included.\n", and(&works))
}

/// What is better.
#[derive(Clone, Copy, PartialEq)]
enum Better {
    Less,
    More,
}

/// The host with the best value, if it is better than the first beyond chance; where the
/// first is the best, beyond chance against all others.
fn clear_winner(
    values: impl Iterator<Item = Option<f64>>,
    ratios: impl Iterator<Item = Option<Interval>>,
    better: Better,
) -> Option<usize> {
    let values = values.enumerate().filter_map(|(index, value)| Some((index, value?)));
    let order = |one: &(usize, f64), other: &(usize, f64)| match better {
        Better::Less => one.1.total_cmp(&other.1),
        Better::More => other.1.total_cmp(&one.1),
    };
    let (winner, _) = values.min_by(order)?;
    let clear: Vec<bool> = ratios.map(|ratio| ratio.is_some_and(|ratio| !ratio.contains(1.0))).collect();
    let sure = if winner == 0 { clear.iter().skip(1).all(|clear| *clear) } else { clear[winner] };
    (clear.len() > 1 && sure).then_some(winner)
}

fn mark(best: bool) -> Mark {
    if best { Mark::Best } else { Mark::None }
}
