//! This run against an earlier one.

use serde::Serialize;

use super::findings::{Figures, cold_rounds};
use super::plan::Load;
use super::record::{Lane, Measured, Record, Round};
use super::statistics::{Interval, Pairing, Quantity, ratio};

/// Something that is worse than it was, beyond what is allowed and beyond chance.
#[derive(Clone, Debug, Serialize)]
pub struct Regression {
    /// The host.
    pub lane: String,
    /// The load; `None` for cold starts.
    pub load: Option<Load>,
    /// What is worse.
    pub quantity: Quantity,
    /// How many times as slow it is.
    pub slower: Interval,
}

const P50: Quantity = Quantity::Quantile(0.5);

/// The place that a host had in an earlier run: the same target under the same protocol,
/// or else the same name.
pub(crate) fn counterpart(before: &Record, lane: &Lane) -> Option<usize> {
    let same = |earlier: &Lane| earlier.target == lane.target && earlier.protocol == lane.protocol;
    let position = before.lanes.iter().position(same);
    position.or_else(|| before.lanes.iter().position(|earlier| earlier.name == lane.name))
}

/// Whether two runs have anything in common that can be compared, or would have, had the
/// second not been ended early.
#[must_use]
pub fn comparable(before: &Record, now: &Record) -> bool {
    let loads = now.plan.loads.iter().any(|load| before.loads.iter().any(|earlier| earlier.load == *load));
    let starts = now.plan.starts > 0 && !before.starts.is_empty();
    (loads || starts) && now.lanes.iter().any(|lane| counterpart(before, lane).is_some())
}

/// What is slower than `limit` times what it was, and surely slower. Hosts and loads that
/// only one of the runs has are passed over, quantiles of too few calls, and starts that
/// cannot be called cold.
pub(crate) fn regressions(before: &Record, now: &Record, limit: f64, confidence: f64) -> Vec<Regression> {
    let mut found = Vec::new();
    for (index, lane) in now.lanes.iter().enumerate() {
        let Some(place) = counterpart(before, lane) else { continue };
        let mut check = |load: Option<Load>, quantity, rounds: [&[Round]; 2]| {
            let slower = ratio(rounds, quantity, Pairing::Apart, confidence);
            if let Some(slower) = slower.filter(|slower| slower.estimate > limit && slower.low > 1.0) {
                found.push(Regression { lane: lane.name.clone(), load, quantity, slower });
            }
        };
        if let (Some(earlier), Some(starts)) = (before.starts.get(place), now.starts.get(index)) {
            check(None, P50, [&cold_rounds(earlier), &cold_rounds(starts)]);
        }
        for load in &now.loads {
            let Some(earlier) = before.loads.iter().find(|earlier| earlier.load == load.load) else {
                continue;
            };
            let (earlier, measured) = (&earlier.lanes[place], &load.lanes[index]);
            for quantile in
                [0.5, 0.99].into_iter().filter(|quantile| supported(*quantile, [earlier, measured]))
            {
                check(Some(load.load), Quantity::Quantile(quantile), [&earlier.rounds, &measured.rounds]);
            }
            // Under an open load the throughput is what was asked for; and more is better, so
            // the runs change places.
            if matches!(load.load, Load::Closed { .. }) {
                check(Some(load.load), Quantity::Throughput, [&measured.rounds, &earlier.rounds]);
            }
        }
    }
    found
}

fn supported(quantile: f64, runs: [&Measured; 2]) -> bool {
    runs.iter().all(|measured| Figures::of(&measured.all()).supports(quantile))
}
