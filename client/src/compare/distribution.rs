//! Calls by how long they took, with those that failed.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Digits that a duration keeps.
const SIGNIFICANT_DIGITS: u8 = 3;

/// A day, which no timeout exceeds.
const LONGEST_US: u64 = 24 * 60 * 60 * 1_000_000;

/// Calls by how long they took, with those that failed.
///
/// A failed call counts as slower than any that was answered: leaving it out would make a
/// host look faster the more it fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The answered calls, in microseconds.
    #[serde(serialize_with = "to_pairs", deserialize_with = "from_pairs")]
    answered_us: Histogram<u64>,
    /// The others, by the kind of failure.
    failed: BTreeMap<String, u64>,
}

impl Default for Distribution {
    fn default() -> Self {
        let answered_us = Histogram::new(SIGNIFICANT_DIGITS).expect("three digits are within bounds");
        Self { answered_us, failed: BTreeMap::new() }
    }
}

impl FromIterator<Duration> for Distribution {
    fn from_iter<T: IntoIterator<Item = Duration>>(durations: T) -> Self {
        let mut distribution = Self::default();
        durations.into_iter().for_each(|took| distribution.answered(took));
        distribution
    }
}

impl Distribution {
    /// Counts a call that was answered.
    pub fn answered(&mut self, took: Duration) {
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
        // Not `saturating_record`, which does not grow.
        let recorded = self.answered_us.record(microseconds.clamp(1, LONGEST_US));
        debug_assert!(recorded.is_ok(), "a histogram grows to hold a day");
    }

    /// Counts a call that failed.
    pub fn failed(&mut self, kind: &str) {
        *self.failed.entry(kind.to_owned()).or_default() += 1;
    }

    /// Adds the calls of another.
    pub fn add(&mut self, other: &Self) {
        let added = self.answered_us.add(&other.answered_us);
        debug_assert!(added.is_ok(), "a histogram grows to hold what is added");
        for (kind, count) in &other.failed {
            *self.failed.entry(kind.clone()).or_default() += count;
        }
    }

    /// How many calls there were.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.answers() + self.failures().values().sum::<u64>()
    }

    /// How many were answered.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.answered_us.len()
    }

    /// How many failed, by the kind of failure.
    #[must_use]
    pub fn failures(&self) -> &BTreeMap<String, u64> {
        &self.failed
    }

    /// The milliseconds that this share of the calls did not exceed, by nearest rank; `None`
    /// where that call failed, or there was none.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        at_rank(self.buckets(), rank(quantile, self.calls()))
    }

    /// The fastest answer, in milliseconds.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        (self.answers() > 0).then(|| milliseconds(self.answered_us.min()))
    }

    /// The slowest answer, in milliseconds.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        (self.answers() > 0).then(|| milliseconds(self.answered_us.max()))
    }

    /// The mean of the answered calls, in milliseconds.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.answers() > 0).then(|| self.answered_us.mean() / 1e3)
    }

    /// The answered calls, as microseconds and how many took that long, ascending.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        // The middle of what is told apart, so that no statistic is off to one side.
        let middle = |value| self.answered_us.median_equivalent(value);
        self.answered_us
            .iter_recorded()
            .map(move |bucket| (middle(bucket.value_iterated_to()), bucket.count_at_value()))
    }
}

/// The place that a quantile has among so many, by nearest rank, counted from 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and far below 2^64"
)]
pub(crate) fn rank(quantile: f64, calls: u64) -> u64 {
    // A hair less, since 0.99 * 100 is more than 99 in binary.
    let exact = quantile.clamp(0.0, 1.0) * count(calls);
    ((exact - exact * f64::EPSILON * 2.0).ceil() as u64).max(1)
}

/// The milliseconds at a rank, counted from 1.
pub(crate) fn at_rank(buckets: impl Iterator<Item = (u64, u64)>, rank: u64) -> Option<f64> {
    let mut passed = 0;
    for (microseconds, count) in buckets {
        passed += count;
        if passed >= rank {
            return Some(milliseconds(microseconds));
        }
    }
    None
}

/// Microseconds as milliseconds.
pub(crate) fn milliseconds(microseconds: u64) -> f64 {
    count(microseconds) / 1e3
}

/// A count as a number to compute with.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn count(count: u64) -> f64 {
    count as f64
}

/// As `[[microseconds, calls], …]`, which any program can read.
fn to_pairs<S: Serializer>(histogram: &Histogram<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    let recorded = histogram.iter_recorded();
    serializer.collect_seq(
        recorded
            .map(|bucket| (histogram.lowest_equivalent(bucket.value_iterated_to()), bucket.count_at_value())),
    )
}

fn from_pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Histogram<u64>, D::Error> {
    let mut histogram = Histogram::new(SIGNIFICANT_DIGITS).map_err(de::Error::custom)?;
    for (microseconds, calls) in Vec::<(u64, u64)>::deserialize(deserializer)? {
        histogram.record_n(microseconds, calls).map_err(de::Error::custom)?;
    }
    Ok(histogram)
}

#[cfg(test)]
mod tests;
