use super::*;

use crate::compare::record::Start;

fn burst(answered_ms: &[f64]) -> Burst {
    let start = |answered_ms: &f64| Start { handshake_ms: answered_ms / 2.0, answered_ms: *answered_ms };
    Burst { answered: answered_ms.iter().map(start).collect(), failed: BTreeMap::new() }
}

fn rounds(milliseconds: f64) -> Vec<Round> {
    let calls = |round: u32| {
        let noise = 1.0 + f64::from(round % 7) / 100.0;
        (0..20).map(|_| Duration::from_secs_f64(milliseconds * noise / 1e3)).collect()
    };
    (0..20).map(|round| Round { seconds: 1.0, calls: calls(round) }).collect()
}

fn winner(hosts: &[&[Round]], values: &[Option<f64>]) -> Option<usize> {
    Compared { hosts, quantity: P50, pairing: Pairing::Apart, confidence: 0.95 }.winner(values)
}

#[test]
fn starts_are_cold_if_most_took_longer_than_each_warm_one() {
    let cold: Vec<f64> = (0..10).map(|start| 100.0 + f64::from(start)).collect();
    let warm: Vec<f64> = (0..10).map(|start| 10.0 + f64::from(start)).collect();
    let cold_host = Starts { cold: burst(&cold), warm: burst(&warm) };
    let warm_host = Starts { cold: burst(&warm), warm: burst(&warm) };
    let summaries = starts(&[cold_host.clone(), warm_host, cold_host], 0.95);
    assert_eq!(summaries.iter().map(|summary| summary.clearly_cold).collect::<Vec<_>>(), [10, 0, 10]);
    assert!(summaries[0].cold_p50().is_some() && summaries[1].cold_p50().is_none());
    // What is not cold is neither compared nor the best, however fast it was.
    assert!(summaries[1].ratio.is_none() && !summaries[1].best);
    assert!(summaries[2].ratio.is_some_and(|ratio| ratio.contains(1.0)));
}

#[test]
fn a_start_that_failed_is_slower_than_any() {
    let mut cold = burst(&[100.0, 101.0, 102.0]);
    cold.failed.insert("throttled".to_owned(), 4);
    let summary = start(&Starts { cold, warm: burst(&[10.0; 7]) });
    assert_eq!((summary.cold.calls, summary.cold.p50, summary.failed["throttled"]), (7, None, 4));
}

#[test]
fn the_best_beats_each_of_the_others_beyond_chance() {
    let (fast, slow) = (rounds(10.0), rounds(20.0));
    assert_eq!(winner(&[&slow, &fast, &slow], &[Some(20.0), Some(10.0), Some(20.0)]), Some(1));
    // Two that are alike are both no winner, whoever is first.
    assert_eq!(winner(&[&slow, &fast, &fast], &[Some(20.0), Some(10.1), Some(10.0)]), None);
    assert_eq!(winner(&[&fast], &[Some(10.0)]), None);
    assert_eq!(winner(&[&fast, &slow], &[Some(10.0), None]), Some(0));
    // A host that was never called is not beaten.
    assert_eq!(winner(&[&fast, &[]], &[Some(10.0), None]), None);
}

#[test]
fn under_an_open_load_the_work_is_shared_and_the_throughput_is_what_came() {
    let lane = |calls: usize| Measured {
        rounds: vec![Round {
            seconds: 0.0,
            calls: vec![Duration::from_millis(1); calls].into_iter().collect(),
        }],
        seconds: 10.0,
        busy_seconds: 3.0,
        ..Measured::default()
    };
    let summary =
        load(&LoadRecord { load: Load::Open { rate: 15.0 }, lanes: vec![lane(100), lane(200)] }, 0.95);
    // 200 calls at 15 a second take more than ten seconds, however fast the last is answered.
    let throughput: Vec<_> = summary.lanes.iter().map(|lane| lane.throughput).collect();
    assert_eq!(throughput, [Some(10.0), Some(15.0)]);
    let own: Vec<_> = summary.lanes.iter().map(|lane| (lane.own_work_ms, lane.busy)).collect();
    assert_eq!(own, [(Some(10.0), Some(0.3)); 2]);
}
