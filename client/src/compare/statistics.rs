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
    /// What was measured.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end; infinite (null in JSON) where calls failed.
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
/// one has nothing to show, or too many of its calls failed for the quantity to exist.
/// `confidence` is a share, such as 0.95.
#[must_use]
pub fn ratio(
    [first, second]: [&[Round]; 2],
    quantity: Quantity,
    pairing: Pairing,
    confidence: f64,
) -> Option<Interval> {
    let (first, second) = (Blocks::new(first), Blocks::new(second));
    let whole = |blocks: &Blocks| blocks.quantity(quantity, &(0..blocks.rounds.len()).collect::<Vec<_>>());
    let estimate = whole(&second)? / whole(&first)?;
    // The same seed each time: the same measurements have the same interval.
    let mut random = fastrand::Rng::with_seed(RESAMPLES as u64);
    let mut ratios: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn = draw(&mut random, first.rounds.len());
            let other = match pairing {
                Pairing::InTurns if first.rounds.len() == second.rounds.len() => drawn.clone(),
                _ => draw(&mut random, second.rounds.len()),
            };
            let one = first.quantity(quantity, &drawn).unwrap_or(f64::INFINITY);
            let other = second.quantity(quantity, &other).unwrap_or(f64::INFINITY);
            // Where neither exists, nothing is known.
            if one.is_infinite() && other.is_infinite() { f64::INFINITY } else { other / one }
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let outside = (1.0 - confidence) / 2.0;
    let at = |share: f64| ratios[usize::try_from(rank(share, RESAMPLES as u64)).unwrap_or(RESAMPLES) - 1];
    Some(Interval { estimate, low: at(outside), high: at(1.0 - outside) })
}

fn draw(random: &mut fastrand::Rng, rounds: usize) -> Vec<usize> {
    (0..rounds).map(|_| random.usize(0..rounds)).collect()
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
    fn new(rounds: &[Round]) -> Self {
        let rounds: Vec<&Round> = rounds.iter().filter(|round| round.calls.calls() > 0).collect();
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
    (seconds > 0.0 && answers > 0).then(|| count(answers) / seconds)
}

#[cfg(test)]
mod tests;
