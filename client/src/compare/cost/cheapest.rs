//! Where the cheapest of several hosts changes.

use super::Cheapest;

/// Follows the cheapest host from 1 to `most` calls.
pub(super) fn cheapest(hosts: usize, most: f64, cost: impl Fn(usize, f64) -> Option<f64>) -> Vec<Cheapest> {
    let best = |calls: f64| {
        let costs = (0..hosts).filter_map(|host| Some((host, cost(host, calls)?)));
        costs.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(host, _)| host)
    };
    let mut found: Vec<Cheapest> = Vec::new();
    let mut before = 1.0;
    for calls in steps(most) {
        let Some(host) = best(calls) else { continue };
        if found.last().is_none_or(|last| last.host != host) {
            let from = if found.is_empty() {
                calls
            } else {
                first_where(before, calls, |at| best(at) == Some(host))
            };
            found.push(Cheapest { from, host });
        }
        before = calls;
    }
    found
}

/// Whole numbers from 1 to a limit, each about 2 % more than the one before.
fn steps(most: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(1.0_f64), |calls| Some((calls * 1.02).ceil()))
        .take_while(move |calls| *calls < most)
        .chain([most.floor().max(1.0)])
}

/// The first whole number after `low`, up to `high`, where something holds that holds at
/// `high`.
fn first_where(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    while high - low > 1.0 {
        let middle = f64::midpoint(low, high).floor();
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}
