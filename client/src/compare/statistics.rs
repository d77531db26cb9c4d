//! Ratios between hosts, with intervals.
//!
//! Calls that follow each other are not independent: a busy moment slows many. So what is
//! drawn anew is rounds, not calls: the block bootstrap. The rounds of two hosts that took
//! turns are drawn in pairs, since what drifts hits both.

use std::collections::BTreeSet;

use serde::Serialize;

use super::distribution::{count, milliseconds, rank};
use super::record::Round;

/// How often rounds are drawn.
const RESAMPLES: usize = 2000;

/// With fewer rounds than this there is no interval: it would be far too narrow.
pub(crate) const LEAST_ROUNDS: usize = 10;

/// What is compared between hosts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// The time that this share of the calls did not exceed.
    Quantile(f64),
    /// Answered calls per second.
    Throughput,
}

/// How the rounds of two hosts belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// They took turns.
    InTurns,
    /// They were measured apart.
    Apart,
}

/// An estimate with the interval in which the true value is, with some confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// What was measured. It is infinite (null in JSON) where the first host got nothing done.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end; infinite (null in JSON) where too many calls failed to know.
    pub high: f64,
}

impl Interval {
    /// Whether the true value may be this one.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// How many times as much the second host takes (or gets done) as the first; `None` where
/// there are less than ten rounds, or too many of the calls failed for the quantity to exist.
/// `confidence` is a share, such as 0.95.
#[must_use]
pub fn ratio(
    [first, second]: [&[Round]; 2],
    quantity: Quantity,
    pairing: Pairing,
    confidence: f64,
) -> Option<Interval> {
    let (first, second) = match pairing {
        Pairing::InTurns => both(first, second),
        Pairing::Apart => (with_calls(first), with_calls(second)),
    };
    if first.len().min(second.len()) < LEAST_ROUNDS {
        return None;
    }
    let (first, second) = (Blocks::new(&first), Blocks::new(&second));
    let whole = |blocks: &Blocks| blocks.quantity(quantity, &(0..blocks.rounds.len()).collect::<Vec<_>>());
    let estimate = times(whole(&first)?, whole(&second)?)?;
    // The same seed each time: the same measurements have the same interval.
    let mut random = fastrand::Rng::with_seed(RESAMPLES as u64);
    let draws: Vec<Option<f64>> = (0..RESAMPLES)
        .map(|_| {
            let drawn = draw(&mut random, first.rounds.len());
            let other = match pairing {
                Pairing::InTurns => drawn.clone(),
                Pairing::Apart => draw(&mut random, second.rounds.len()),
            };
            // A quantile that does not exist is beyond any that does.
            let one = first.quantity(quantity, &drawn).unwrap_or(f64::INFINITY);
            let other = second.quantity(quantity, &other).unwrap_or(f64::INFINITY);
            times(one, other)
        })
        .collect();
    // What is not known may be anything, so it counts at both ends.
    let ends = |unknown: f64, share: f64| {
        let mut ratios: Vec<f64> = draws.iter().map(|ratio| ratio.unwrap_or(unknown)).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[usize::try_from(rank(share, RESAMPLES as u64)).unwrap_or(RESAMPLES) - 1]
    };
    let outside = (1.0 - confidence) / 2.0;
    Some(Interval { estimate, low: ends(0.0, outside), high: ends(f64::INFINITY, 1.0 - outside) })
}

/// The second as a multiple of the first, if that can be said.
fn times(first: f64, second: f64) -> Option<f64> {
    let ratio = second / first;
    (!ratio.is_nan()).then_some(ratio)
}

/// One round less than there are, which makes up for their being few: drawing all of them
/// would find too little variance.
fn draw(random: &mut fastrand::Rng, rounds: usize) -> Vec<usize> {
    (1..rounds).map(|_| random.usize(0..rounds)).collect()
}

/// The rounds in which calls were made.
fn with_calls(rounds: &[Round]) -> Vec<&Round> {
    rounds.iter().filter(|round| round.calls.calls() > 0).collect()
}

/// The rounds in which calls were made on both, in pairs.
fn both<'a>(first: &'a [Round], second: &'a [Round]) -> (Vec<&'a Round>, Vec<&'a Round>) {
    let pairs = first.iter().zip(second);
    pairs.filter(|(one, other)| one.calls.calls() > 0 && other.calls.calls() > 0).unzip()
}

/// Rounds in a form that is quick to add up.
struct Blocks {
    /// The durations that occur, ascending, in microseconds.
    durations: Vec<u64>,
    rounds: Vec<Block>,
}

struct Block {
    /// How many answers took each of the durations or less.
    up_to: Vec<u64>,
    calls: u64,
    answers: u64,
    seconds: f64,
}

impl Blocks {
    fn new(rounds: &[&Round]) -> Self {
        let durations =
            rounds.iter().flat_map(|round| round.calls.buckets().map(|(microseconds, _)| microseconds));
        let durations: Vec<u64> = durations.collect::<BTreeSet<_>>().into_iter().collect();
        let block = |round: &&Round| {
            let mut buckets = round.calls.buckets().peekable();
            let mut passed = 0;
            let up_to = durations.iter().map(|duration| {
                while let Some((_, count)) = buckets.next_if(|(microseconds, _)| microseconds <= duration) {
                    passed += count;
                }
                passed
            });
            let up_to = up_to.collect();
            Block {
                up_to,
                calls: round.calls.calls(),
                answers: round.calls.answers(),
                seconds: round.seconds,
            }
        };
        Self { rounds: rounds.iter().map(block).collect(), durations }
    }

    fn quantity(&self, quantity: Quantity, drawn: &[usize]) -> Option<f64> {
        let drawn = drawn.iter().map(|index| &self.rounds[*index]);
        match quantity {
            Quantity::Quantile(quantile) => self.quantile(quantile, &drawn.collect::<Vec<_>>()),
            Quantity::Throughput => throughput(drawn),
        }
    }

    /// By bisection: thousands of draws are to be quick.
    fn quantile(&self, quantile: f64, drawn: &[&Block]) -> Option<f64> {
        let rank = rank(quantile, drawn.iter().map(|block| block.calls).sum());
        let up_to = |place: usize| drawn.iter().map(|block| block.up_to[place]).sum::<u64>();
        let (mut low, mut high) = (0, self.durations.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if up_to(middle) >= rank { high = middle } else { low = middle + 1 }
        }
        self.durations.get(low).copied().map(milliseconds)
    }
}

fn throughput<'a>(drawn: impl Iterator<Item = &'a Block>) -> Option<f64> {
    let (answers, seconds) =
        drawn.fold((0, 0.0), |(answers, seconds), block| (answers + block.answers, seconds + block.seconds));
    (seconds > 0.0).then(|| count(answers) / seconds)
}

#[cfg(test)]
mod tests;
