//! Both reports of a given record.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

/// Twenty rounds of fifty calls, each as long as said, with a tail.
fn measured(milliseconds: f64) -> Measured {
    let call =
        |index: u32| Duration::from_secs_f64(milliseconds * (1.0 + f64::from(index % 50) / 100.0) / 1e3);
    let round = |_| Round { seconds: 1.0, calls: (0..50).map(call).collect() };
    Measured { rounds: (0..20).map(round).collect(), seconds: 20.0, busy_seconds: 0.4, ..Measured::default() }
}

fn starts(cold: f64, warm: f64) -> Starts {
    let burst = |milliseconds: f64| {
        let start = |index: u32| {
            let answered_ms = milliseconds + f64::from(index);
            Start { handshake_ms: answered_ms * 0.75, answered_ms }
        };
        Burst { answered: (0..10).map(start).collect(), failed: BTreeMap::new() }
    };
    Starts { cold: burst(cold), warm: burst(warm) }
}

fn lane(name: &str, platform: Platform) -> Lane {
    Lane {
        name: name.to_owned(),
        target: format!("https://{}.example/", name.len()),
        platform,
        region: Some("us-east-1".to_owned()),
        protocol: Some("2025-11-25".to_owned()),
        server: Some("server 1".to_owned()),
        tools: 3,
        round_trip_ms: Some(1.0),
        gave_up: None,
        beforehand: BTreeMap::new(),
        said: BTreeMap::new(),
    }
}

fn record() -> Record {
    let (one, rate) = (Load::Closed { callers: 1 }, Load::Open { rate: 50.0 });
    let mut failing = measured(12.0);
    for round in &mut failing.rounds {
        round.calls.failed("throttled");
    }
    let mut hosts =
        [lane("AgentCore Runtime", Platform::AgentCore), lane("Lambda function URL", Platform::Lambda)];
    hosts[1].said.insert("throttled".to_owned(), "HTTP 429 from somewhere: <b>slow down</b>".to_owned());
    Record {
        format: record::FORMAT,
        made_by: "mcp-sigv4 1.2.3".to_owned(),
        started: "2026-11-23T00:00:00Z".to_owned(),
        seconds: 61.0,
        machine: Machine { system: "linux".to_owned(), architecture: "x86_64".to_owned(), cpus: 2 },
        command: vec!["mcp-sigv4".to_owned(), "compare".to_owned()],
        plan: Plan {
            workload: r#"{"tool": "<script>alert(1)</script>"}"#.parse().expect("a workload"),
            starts: 10,
            loads: vec![one, rate],
            amount: Amount::Seconds(20.0),
            warm_up: 5,
            rounds: 20,
            seed: 1,
        },
        lanes: hosts.into(),
        differences: Some(Vec::new()),
        starts: vec![starts(300.0, 100.0), starts(120.0, 90.0)],
        loads: vec![
            LoadRecord { load: one, lanes: vec![measured(8.0), measured(10.0)] },
            LoadRecord { load: rate, lanes: vec![measured(9.0), failing] },
        ],
        interrupted: false,
    }
}

fn question() -> Question {
    let cost = CostModel { prices: Prices::default(), assumptions: Assumptions::default() };
    Question { confidence: 0.95, cost, baseline: None }
}

fn findings(record: &Record) -> Findings {
    Findings::of(record, &question())
}

#[test]
fn the_terminals_report_is_this() {
    let record = record();
    insta::assert_snapshot!(text(&record, &findings(&record), Style::Plain));
}

#[test]
fn the_page_has_all_charts_and_takes_nothing_for_markup() {
    let record = record();
    let page = page(&record, &findings(&record)).expect("a page");
    // Six charts, each for a desk and for a phone.
    assert_eq!(page.matches("<svg ").count(), 12);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("<b>slow") && page.contains("&lt;b&gt;slow down"));
    assert!(page.len() < 300_000, "{} bytes", page.len());
}

#[test]
fn a_report_of_nothing_is_a_report() {
    let mut record = record();
    record.starts.clear();
    record.loads.clear();
    record.differences = None;
    record.interrupted = true;
    let findings = findings(&record);
    assert!(text(&record, &findings, Style::Plain).contains("ended early"));
    assert!(page(&record, &findings).is_ok());
    // Begun, and not a call made.
    record.starts = vec![Starts::default(); 2];
    record.loads =
        vec![LoadRecord { load: Load::Closed { callers: 4 }, lanes: vec![Measured::default(); 2] }];
    let findings = Findings::of(&record, &question());
    assert!(text(&record, &findings, Style::Plain).contains("Warm, 4 callers"));
    assert!(page(&record, &findings).is_ok());
}

#[test]
fn what_is_slower_than_before_is_found_and_what_has_no_counterpart_is_said() {
    let (before, mut now) = (record(), record());
    now.loads[0].lanes[1] = measured(15.0);
    now.starts[0] = starts(450.0, 100.0);
    // Another name for the same target, and a load that was not measured before.
    now.lanes[1].name = "Lambda function URL 1".to_owned();
    now.loads[1].load = Load::Open { rate: 20.0 };
    let findings = Findings::of(&now, &Question { baseline: Some((before, 1.25)), ..question() });
    assert_eq!(
        words::regressions(&findings),
        [
            "AgentCore Runtime, cold start: p50 is 1.49 [1.48, 1.51] times what it was",
            "Lambda function URL 1, one caller: p50 is 1.50 [1.50, 1.50] times what it was",
            "Lambda function URL 1, one caller: p99 is 1.50 [1.50, 1.50] times what it was",
        ]
    );
    assert!(
        findings.warnings.contains(&"20 calls/s is not in the earlier run".to_owned()),
        "{:?}",
        findings.warnings
    );
    assert!(!findings.all_well(&now));
}

#[test]
fn runs_without_anything_in_common_are_told_apart() {
    let (before, mut now) = (record(), record());
    assert!(comparable(&before, &now));
    for lane in &mut now.lanes {
        lane.name += " of another account";
        lane.target += "elsewhere";
    }
    assert!(!comparable(&before, &now));
}
