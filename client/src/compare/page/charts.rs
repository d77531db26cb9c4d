//! Which charts the page has, from what was measured.

use crate::compare::chart::{Axis, Chart, Shape};
use crate::compare::distribution::{Distribution, count, milliseconds};
use crate::compare::findings::{Cost, Findings};
use crate::compare::plan::Load;
use crate::compare::record::{LoadRecord, Measured, Record};

/// How finely a distribution is cut.
const BINS: i32 = 70;

/// How the calls of each host are spread: what share took about how long.
pub(super) fn distribution(load: &LoadRecord) -> Option<Chart> {
    let lanes: Vec<Distribution> = load.lanes.iter().map(Measured::all).collect();
    let low = lanes.iter().filter_map(Distribution::min).reduce(f64::min)? * 0.95;
    // The slowest of a thousand would leave no room for the rest.
    let high = lanes.iter().filter_map(|lane| lane.quantile(0.999).or(lane.max())).reduce(f64::max)? * 1.05;
    let factor = (high / low).max(1.1).powf(1.0 / f64::from(BINS));
    let edge = |bin: i32| low * factor.powi(bin);
    let mut highest = 0.0_f64;
    let shapes = lanes.iter().enumerate().map(|(lane, calls)| {
        let mut points = Vec::new();
        for bin in 0..BINS {
            let percent = share(calls, edge(bin), edge(bin + 1)) * 1e2;
            highest = highest.max(percent);
            points.extend([(edge(bin), percent), (edge(bin + 1), percent)]);
        }
        Shape::Area { lane, points }
    });
    let shapes = shapes.collect();
    Some(Chart {
        x: Axis::log(low, high),
        y: Axis::linear(highest * 1.05).written(|percent| format!("{percent:.0} %")),
        x_title: "milliseconds to the answer".to_owned(),
        shapes,
        rows: None,
    })
}

/// The share of the calls that took from one time to another.
fn share(calls: &Distribution, from: f64, to: f64) -> f64 {
    let within =
        calls.buckets().filter(|(microseconds, _)| (from..to).contains(&milliseconds(*microseconds)));
    count(within.map(|(_, many)| many).sum()) / count(calls.calls().max(1))
}

/// What time so many of the calls kept to.
pub(super) fn percentiles(load: &LoadRecord) -> Option<Chart> {
    let lanes: Vec<Distribution> = load.lanes.iter().map(Measured::all).collect();
    let most = lanes.iter().map(Distribution::calls).max().filter(|most| *most > 1)?;
    let low = lanes.iter().filter_map(Distribution::min).reduce(f64::min)?;
    let high = lanes.iter().filter_map(Distribution::max).reduce(f64::max)?;
    let shapes = lanes.iter().enumerate().map(|(lane, calls)| {
        // One call in `one_in` takes longer.
        let one_in = (0..=300).map(|step| count(calls.calls().max(2)).powf(f64::from(step) / 300.0));
        let points = one_in.map_while(|one_in| Some((one_in, calls.quantile(1.0 - 1.0 / one_in)?))).collect();
        Shape::Line { lane, points }
    });
    let shapes = shapes.collect();
    Some(Chart {
        x: Axis::log(1.0, count(most))
            .naming(vec![1.0, 2.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6])
            .written(percentile),
        y: Axis::log(low * 0.9, high * 1.1),
        x_title: "percentile of the calls".to_owned(),
        shapes,
        rows: None,
    })
}

fn percentile(one_in: f64) -> String {
    if one_in <= 1.0 {
        return "min".to_owned();
    }
    let percentile = 1e2 - 1e2 / one_in;
    let digits = if one_in > 5e4 {
        3
    } else if one_in > 5e3 {
        2
    } else {
        usize::from(one_in > 500.0)
    };
    format!("p{percentile:.digits$}")
}

/// Each start of each host: the first ones above, the same again below.
pub(super) fn cold_and_warm(record: &Record) -> Option<Chart> {
    let all =
        record.starts.iter().flat_map(|starts| starts.cold.answered.iter().chain(&starts.warm.answered));
    let times: Vec<f64> = all.map(|start| start.answered_ms).collect();
    let (low, high) = (times.iter().copied().reduce(f64::min)?, times.iter().copied().reduce(f64::max)?);
    let rows = 2.0 * count(record.starts.len() as u64);
    let mut shapes = Vec::new();
    for (lane, starts) in record.starts.iter().enumerate() {
        for (down, burst, kind) in [(1.0, &starts.cold, "cold"), (2.0, &starts.warm, "warm")] {
            let row = rows - 2.0 * count(lane as u64) - down;
            let points = burst.answered.iter().map(|start| (start.answered_ms, row + 0.3)).collect();
            shapes.push(Shape::Dots { lane, points });
            let text = format!("{}, {kind}", record.lanes[lane].name);
            shapes.push(Shape::Label { at: (low * 0.9, row + 0.72), text });
        }
    }
    Some(Chart {
        x: Axis::log(low * 0.9, high * 1.1),
        y: Axis::linear(rows).naming(Vec::new()),
        x_title: "milliseconds from connecting to the first answer".to_owned(),
        shapes,
        rows: u32::try_from(2 * record.starts.len()).ok(),
    })
}

/// What each host gets done, by how many call at once.
pub(super) fn throughput(record: &Record, findings: &Findings) -> Option<Chart> {
    let mut closed: Vec<_> = findings
        .loads
        .iter()
        .filter_map(|load| match load.load {
            Load::Closed { callers } => Some((count(callers as u64), load)),
            Load::Open { .. } => None,
        })
        .collect();
    closed.sort_by(|one, other| one.0.total_cmp(&other.0));
    let callers: Vec<f64> = closed.iter().map(|(callers, _)| *callers).collect();
    let highest = closed.iter().flat_map(|(_, load)| &load.lanes).filter_map(|lane| lane.throughput);
    let highest = highest.reduce(f64::max)?;
    let shapes = (0..record.lanes.len()).map(|lane| {
        let points =
            closed.iter().filter_map(|(callers, load)| Some((*callers, load.lanes[lane].throughput?)));
        Shape::Steps { lane, points: points.collect() }
    });
    let shapes = shapes.collect();
    Some(Chart {
        x: Axis::log(callers.first()? * 0.85, callers.last()? * 1.18).naming(callers),
        y: Axis::linear(highest * 1.08),
        x_title: "callers at once".to_owned(),
        shapes,
        rows: None,
    })
}

/// What a million calls cost, by calls per session, with where the cheapest host changes.
pub(super) fn cost(cost: &Cost) -> Option<Chart> {
    let points = |lane: usize| -> Vec<(f64, f64)> {
        let Some(priced) = cost.lanes[lane] else { return Vec::new() };
        let calls = (0..=120).map(|step| 10_f64.powf(f64::from(step) / 30.0));
        calls
            .filter_map(|calls| Some((calls, cost.model.at_calls_per_session(&priced.usage, calls)?.total())))
            .collect()
    };
    let lines: Vec<Vec<(f64, f64)>> = (0..cost.lanes.len()).map(points).collect();
    let dollars = || lines.iter().flatten().map(|(_, dollars)| *dollars);
    let (low, high) = (dollars().reduce(f64::min)?, dollars().reduce(f64::max)?);
    let mut shapes: Vec<Shape> =
        lines.into_iter().enumerate().map(|(lane, points)| Shape::Line { lane, points }).collect();
    for step in cost.by_calls_per_session.iter().skip(1).filter(|step| step.from <= 1e4) {
        shapes.push(Shape::Rule { at: step.from, label: format!("{} calls", step.from) });
    }
    Some(Chart {
        x: Axis::log(1.0, 1e4),
        y: Axis::log(low * 0.7, high * 1.4).written(|dollars| {
            if dollars < 0.95 { format!("${dollars:.2}") } else { format!("${dollars:.0}") }
        }),
        x_title: "calls per session".to_owned(),
        shapes,
        rows: None,
    })
}
