//! What is to be measured.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::workload::Workload;

/// What is to be measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The calls.
    pub workload: Workload,
    /// How many starts are provoked on each host; none for 0.
    pub starts: usize,
    /// What warm calls are made under.
    pub loads: Vec<Load>,
    /// How much is measured of each load on each host.
    pub amount: Amount,
    /// How many calls each connection makes before a load is measured.
    pub warm_up: usize,
    /// Into how many rounds a load is cut; the hosts take turns.
    pub rounds: usize,
    /// What the order of the turns is drawn from.
    pub seed: u32,
}

/// What calls are made under.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// So many callers, each of which waits for its answer before it calls again.
    Closed {
        /// How many.
        callers: usize,
    },
    /// Calls that become due at a rate, whatever the answers do.
    Open {
        /// Calls per second.
        rate: f64,
    },
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { callers: 1 } => f.write_str("one caller"),
            Self::Closed { callers } => write!(f, "{callers} callers"),
            Self::Open { rate } => write!(f, "{rate} calls/s"),
        }
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// For so many seconds.
    Seconds(f64),
    /// So many calls.
    Calls(usize),
}

impl Plan {
    /// The connections that are needed to each host: under an open load the calls take
    /// turns on as many as the closed loads have.
    #[must_use]
    pub fn connections(&self) -> usize {
        let callers = self.loads.iter().map(|load| match load {
            Load::Closed { callers } => *callers,
            Load::Open { .. } => 1,
        });
        callers.max().unwrap_or(0)
    }

    /// How many calls of a load are counted out on each host, where it is not the time that
    /// is.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a moderate count")]
    pub(crate) fn calls(&self, load: Load) -> Option<usize> {
        match (self.amount, load) {
            (Amount::Calls(calls), _) => Some(calls),
            (Amount::Seconds(seconds), Load::Open { rate }) => {
                Some((seconds * rate).ceil().max(1.0) as usize)
            }
            (Amount::Seconds(_), Load::Closed { .. }) => None,
        }
    }

    /// Into how many rounds a load is cut: fewer where the calls are few, since each caller
    /// is to have two in a round.
    pub(crate) fn rounds(&self, load: Load) -> usize {
        let callers = match load {
            Load::Closed { callers } => 2 * callers,
            Load::Open { .. } => 1,
        };
        self.calls(load).map_or(self.rounds, |calls| self.rounds.min(calls / callers).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_has_two_calls_for_each_caller() {
        let plan = |amount| Plan {
            workload: Workload::default(),
            starts: 0,
            loads: Vec::new(),
            amount,
            warm_up: 0,
            rounds: 20,
            seed: 0,
        };
        let closed = |callers| Load::Closed { callers };
        assert_eq!(plan(Amount::Calls(500)).rounds(closed(16)), 15);
        assert_eq!(plan(Amount::Calls(40)).rounds(closed(16)), 1);
        assert_eq!(plan(Amount::Calls(5)).rounds(closed(16)), 1);
        assert_eq!(plan(Amount::Calls(500)).rounds(closed(1)), 20);
        assert_eq!(plan(Amount::Seconds(1.0)).rounds(closed(16)), 20);
        assert_eq!(plan(Amount::Seconds(1.0)).rounds(Load::Open { rate: 5.0 }), 5);
        assert_eq!(plan(Amount::Seconds(1.0)).calls(Load::Open { rate: 0.1 }), Some(1));
    }
}
