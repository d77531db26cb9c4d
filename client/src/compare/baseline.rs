//! This run against an earlier one.

use serde::Serialize;

use super::plan::Load;
use super::record::{Measured, Record};
use super::statistics::{Interval, Pairing, Quantity, ratio};

/// Something that is worse than it was, beyond what is allowed and beyond chance.
#[derive(Clone, Debug, Serialize)]
pub struct Regression {
    /// The host.
    pub lane: String,
    /// The load.
    pub load: Load,
    /// What is worse.
    pub quantity: Quantity,
    /// How many times as slow it is.
    pub slower: Interval,
}

/// What is slower than `limit` times what it was, and surely slower. Hosts and loads that
/// only one of the runs has are passed over.
pub(crate) fn regressions(before: &Record, now: &Record, limit: f64, confidence: f64) -> Vec<Regression> {
    let mut found = Vec::new();
    for load in &now.loads {
        let Some(earlier) = before.loads.iter().find(|earlier| earlier.load == load.load) else { continue };
        for (lane, measured) in now.lanes.iter().zip(&load.lanes) {
            let same_name = before.lanes.iter().position(|earlier| earlier.name == lane.name);
            let Some(earlier) = same_name.and_then(|index| earlier.lanes.get(index)) else { continue };
            for quantity in quantities(load.load) {
                let slower = slower(earlier, measured, *quantity, confidence);
                if let Some(slower) = slower.filter(|slower| slower.estimate > limit && slower.low > 1.0) {
                    found.push(Regression {
                        lane: lane.name.clone(),
                        load: load.load,
                        quantity: *quantity,
                        slower,
                    });
                }
            }
        }
    }
    found
}

/// Under an open load the rate is what was asked for.
fn quantities(load: Load) -> &'static [Quantity] {
    const ALL: [Quantity; 3] = [Quantity::Quantile(0.5), Quantity::Quantile(0.99), Quantity::Throughput];
    match load {
        Load::Closed { .. } => &ALL,
        Load::Open { .. } => &ALL[..2],
    }
}

fn slower(before: &Measured, now: &Measured, quantity: Quantity, confidence: f64) -> Option<Interval> {
    // More throughput is better, so there the runs change places.
    let rounds = match quantity {
        Quantity::Quantile(_) => [before.rounds.as_slice(), &now.rounds],
        Quantity::Throughput => [now.rounds.as_slice(), &before.rounds],
    };
    ratio(rounds, quantity, Pairing::Apart, confidence)
}
