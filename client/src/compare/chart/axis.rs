//! Where values go on an axis, and which of them are named.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// An axis from one value to another.
#[derive(Clone, Debug)]
pub(in super::super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    /// The values that are named, if they are given.
    named: Option<Vec<f64>>,
    format: fn(f64) -> String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Linear,
    Log,
}

impl Axis {
    /// Each factor of ten as long as the other. Not positive or without extent, it is
    /// widened.
    pub(in super::super) fn log(low: f64, high: f64) -> Self {
        let low = if low.is_finite() && low > 0.0 { low } else { 1e-3 };
        let high = if high.is_finite() && high > low * 1.05 { high } else { low * 10.0 };
        Self { scale: Scale::Log, low, high, named: None, format: plain }
    }

    /// From 0.
    pub(in super::super) fn linear(high: f64) -> Self {
        let high = if high.is_finite() && high > 0.0 { high } else { 1.0 };
        Self { scale: Scale::Linear, low: 0.0, high, named: None, format: plain }
    }

    /// Names these values and no others.
    pub(in super::super) fn naming(self, values: Vec<f64>) -> Self {
        Self { named: Some(values), ..self }
    }

    /// Writes values like this.
    pub(in super::super) fn written(self, format: fn(f64) -> String) -> Self {
        Self { format, ..self }
    }

    /// The lowest and the highest value.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Where a value goes, 0 to 1; what is outside goes to the edge.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value.max(1e-12) / self.low).ln() / (self.high / self.low).ln(),
        };
        place.clamp(0.0, 1.0)
    }

    /// The values to be named, at most so many.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        let within = |ticks: Vec<f64>| -> Vec<f64> {
            ticks.into_iter().filter(|tick| (self.low * 0.999..=self.high * 1.001).contains(tick)).collect()
        };
        if let Some(named) = &self.named {
            return within(named.clone());
        }
        let candidates: Vec<Vec<f64>> = match self.scale {
            Scale::Linear => steps(self.high / 12.0).map(|step| multiples(step, self.high)).collect(),
            Scale::Log => {
                let decades = |every, digits: &'static [f64]| self.decades(every, digits);
                vec![
                    decades(1, &[1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
                    decades(1, &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]),
                    decades(1, &[1.0, 2.0, 5.0]),
                    decades(1, &[1.0, 3.0]),
                    decades(1, &[1.0]),
                    decades(2, &[1.0]),
                    decades(3, &[1.0]),
                ]
            }
        };
        let mut candidates: Vec<Vec<f64>> = candidates.into_iter().map(within).collect();
        let fitting = candidates.iter().position(|ticks| ticks.len() <= most);
        candidates.swap_remove(fitting.unwrap_or(candidates.len() - 1))
    }

    fn decades(&self, every: usize, digits: &[f64]) -> Vec<f64> {
        #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a positive number is small")]
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let decades =
            (first..=last).filter(|decade| decade.rem_euclid(i32::try_from(every).unwrap_or(1)) == 0);
        decades.flat_map(|decade| digits.iter().map(move |digit| digit * 10_f64.powi(decade))).collect()
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "between two pixels")]
        let pixels = (f64::from(to - from) * self.place(*value)).round() as i32;
        from + pixels
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks(hint.max_num_points()) }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        (self.format)(*value)
    }
}

/// 1, 2 or 5 times a power of ten, from about this one on.
fn steps(from: f64) -> impl Iterator<Item = f64> {
    let power = 10_f64.powf(from.log10().floor());
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0].into_iter().map(move |factor| factor * power)
}

fn multiples(step: f64, high: f64) -> Vec<f64> {
    std::iter::successors(Some(0.0), |tick| Some(tick + step))
        .take_while(|tick| *tick <= high * 1.001)
        .collect()
}

/// Without digits that mean nothing.
fn plain(value: f64) -> String {
    let digits = if value >= 9.5 || value == 0.0 {
        0
    } else if value >= 0.095 {
        2
    } else {
        4
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_no_more_than_there_is_room_for() {
        let named = |axis: &Axis, most| {
            let ticks = axis.ticks(most);
            ticks.iter().map(|tick| axis.format_ext(tick)).collect::<Vec<_>>()
        };
        assert_eq!(named(&Axis::log(0.4, 60.0), 11), ["0.5", "1", "2", "5", "10", "20", "50"]);
        assert_eq!(named(&Axis::log(0.4, 60.0), 5), ["1", "3", "10", "30"]);
        assert_eq!(named(&Axis::log(1.0, 1e6), 5), ["1", "100", "10000", "1000000"]);
        assert_eq!(named(&Axis::linear(2200.0), 7), ["0", "500", "1000", "1500", "2000"]);
    }

    #[test]
    fn values_go_where_they_belong() {
        let axis = Axis::log(1.0, 100.0);
        assert_eq!([1.0, 10.0, 100.0, 1e9].map(|value| axis.map(&value, (0, 200))), [0, 100, 200, 200]);
        assert_eq!(Axis::linear(10.0).map(&5.0, (200, 0)), 100);
    }

    #[test]
    fn nothing_measured_still_has_an_axis() {
        for axis in [
            Axis::log(0.0, 0.0),
            Axis::log(f64::NAN, f64::INFINITY),
            Axis::log(5.0, 5.0),
            Axis::linear(f64::NAN),
        ] {
            assert!(axis.place(1.0).is_finite() && !axis.ticks(11).is_empty(), "{axis:?}");
        }
    }
}
