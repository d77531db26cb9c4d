use super::*;

use std::time::Duration;

const MEDIAN: Quantity = Quantity::Quantile(0.5);

/// A host's rounds: each call takes about so long, in milliseconds, with a tail, and
/// whole rounds drift together.
fn rounds(random: &mut fastrand::Rng, milliseconds: f64, drifts: &[f64]) -> Vec<Round> {
    let round = |drift: &f64| {
        let calls = (0..50).map(|_| {
            let noise = -random.f64().max(1e-9).ln() * 0.2;
            Duration::from_secs_f64(milliseconds * drift * (1.0 + noise) / 1e3)
        });
        Round { seconds: 1.0, calls: calls.collect() }
    };
    drifts.iter().map(round).collect()
}

/// In how many of 100 comparisons of hosts that differ by `factor` the interval has
/// `value` in it. The drift is as large as the difference to be found.
fn hits(factor: f64, value: f64) -> usize {
    let mut random = fastrand::Rng::with_seed(7);
    let hit = |_: &i32| {
        let drifts: Vec<f64> = (0..20).map(|_| 1.0 + 0.2 * random.f64()).collect();
        let first = rounds(&mut random, 10.0, &drifts);
        let second = rounds(&mut random, 10.0 * factor, &drifts);
        let interval = ratio([&first, &second], MEDIAN, Pairing::InTurns, 0.95).expect("an interval");
        interval.contains(value)
    };
    (0..100).filter(hit).count()
}

#[test]
fn the_interval_of_two_equal_hosts_contains_one() {
    let hits = hits(1.0, 1.0);
    assert!((90..=99).contains(&hits), "{hits} of 100 at 95 %");
}

#[test]
fn the_interval_of_a_host_slowed_by_a_fifth_excludes_one_and_contains_the_truth() {
    assert_eq!(hits(1.2, 1.0), 0);
    assert!(hits(1.2, 1.2) >= 90);
}

#[test]
fn throughput_is_compared_too() {
    let round =
        |calls: u64| Round { seconds: 2.0, calls: (0..calls).map(|_| Duration::from_millis(1)).collect() };
    let alternating =
        |calls: [u64; 2]| -> Vec<Round> { (0..10).map(|index| round(calls[index % 2])).collect() };
    let (slow, fast) = (alternating([10, 12]), alternating([20, 24]));
    let interval = ratio([&slow, &fast], Quantity::Throughput, Pairing::InTurns, 0.95).expect("an interval");
    assert_eq!(interval, Interval { estimate: 2.0, low: 2.0, high: 2.0 });
}

#[test]
fn a_quantile_that_falls_among_failures_has_no_ratio() {
    let fine = vec![Round { seconds: 1.0, calls: [Duration::from_millis(1)].into_iter().collect() }; 10];
    let mut failing = fine.clone();
    for round in &mut failing {
        round.calls.failed("throttled");
    }
    assert!(ratio([&fine, &failing], MEDIAN, Pairing::InTurns, 0.95).is_some());
    assert_eq!(ratio([&fine, &failing], Quantity::Quantile(0.99), Pairing::InTurns, 0.95), None);
    assert_eq!(ratio([&fine, &[]], MEDIAN, Pairing::Apart, 0.95), None);
}

#[test]
fn failures_widen_the_interval_to_no_end() {
    let mut random = fastrand::Rng::with_seed(1);
    let fine = rounds(&mut random, 10.0, &[1.0; 10]);
    let mut failing = fine.clone();
    for round in failing.iter_mut().take(5) {
        (0..40).for_each(|_| round.calls.failed("HTTP 500"));
    }
    let interval =
        ratio([&fine, &failing], Quantity::Quantile(0.7), Pairing::InTurns, 0.95).expect("an interval");
    assert!(interval.high.is_infinite(), "{interval:?}");
}

#[test]
fn few_rounds_have_no_interval() {
    let round = Round { seconds: 1.0, calls: [Duration::from_millis(1)].into_iter().collect() };
    let few = vec![round.clone(); LEAST_ROUNDS - 1];
    assert_eq!(ratio([&few, &few], MEDIAN, Pairing::InTurns, 0.95), None);
    // Rounds without calls are none.
    let mut some = vec![round; LEAST_ROUNDS];
    assert!(ratio([&some, &some], MEDIAN, Pairing::InTurns, 0.95).is_some());
    some[3] = Round::default();
    assert_eq!(ratio([&some, &some], MEDIAN, Pairing::Apart, 0.95), None);
}

#[test]
fn a_host_that_answers_no_more_has_lost_its_throughput() {
    let answered = Round { seconds: 1.0, calls: [Duration::from_millis(1)].into_iter().collect() };
    let mut failed = Round { seconds: 1.0, ..Round::default() };
    failed.calls.failed("HTTP 500");
    let before = vec![answered.clone(); 20];
    let now: Vec<Round> =
        (0..20).map(|round| if round < 4 { answered.clone() } else { failed.clone() }).collect();
    let slower = ratio([&now, &before], Quantity::Throughput, Pairing::Apart, 0.95).expect("an interval");
    assert!(slower.estimate > 4.9 && slower.low > 1.0, "{slower:?}");
}

#[test]
fn rounds_are_paired_by_when_they_were() {
    // The drift of each round is the same for both hosts, and far larger than anything else;
    // a round that one of them missed does not shift the others.
    let drift = |round: u32| if round.is_multiple_of(2) { 1.0 } else { 100.0 };
    let rounds = |milliseconds: f64| -> Vec<Round> {
        let calls =
            |round| [Duration::from_secs_f64(milliseconds * drift(round) / 1e3)].into_iter().collect();
        (0..21).map(|round| Round { seconds: 1.0, calls: calls(round) }).collect()
    };
    let (mut first, second) = (rounds(10.0), rounds(20.0));
    first[4] = Round::default();
    let interval = ratio([&first, &second], MEDIAN, Pairing::InTurns, 0.95).expect("an interval");
    assert!(interval.low > 1.99 && interval.high < 2.01, "{interval:?}");
}
