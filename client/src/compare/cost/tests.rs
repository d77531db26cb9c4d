use super::*;

fn usage(platform: Platform, call_ms: f64) -> Usage {
    Usage { platform, call_ms, start_ms: 0.0, other_requests: 0.0 }
}

fn model(assumptions: Assumptions) -> CostModel {
    CostModel { prices: Prices::default(), assumptions }
}

#[track_caller]
fn near(value: f64, expected: f64) {
    assert!((value / expected - 1.0).abs() < 0.001, "{value} rather than {expected}");
}

#[test]
fn agentcore_sessions_of_one_call_cost_their_idle_timeout() {
    // AWS's own arithmetic: 128 MB for 900 s, and for 60 s, a million times.
    for (idle_timeout, expected) in [(900.0, 295.31), (60.0, 19.69)] {
        let model = model(Assumptions { idle_timeout, calls_per_session: 1, ..Assumptions::default() });
        near(model.bill(&usage(Platform::AgentCore, 0.0)).expect("a bill").total(), expected);
    }
}

#[test]
fn lambda_bills_requests_and_milliseconds_begun() {
    let bill = model(Assumptions::default()).bill(&usage(Platform::Lambda, 4.2)).expect("a bill");
    near(bill.requests, 0.20);
    near(bill.memory, 0.25 * 0.005 * 13.3334);
    assert!(bill.cpu.abs() < 1e-12);
}

#[test]
fn the_requests_around_the_calls_are_billed_too() {
    let usage = Usage { other_requests: 3.0, start_ms: 100.0, ..usage(Platform::Lambda, 1.0) };
    let bill =
        model(Assumptions { calls_per_session: 1, ..Assumptions::default() }).bill(&usage).expect("a bill");
    near(bill.requests, 4.0 * 0.20);
    near(bill.memory, 0.25 * 0.104 * 13.3334);
}

#[test]
fn cpu_is_billed_by_agentcore_while_at_work() {
    let model = model(Assumptions { cpu_ms: Some(2.0), ..Assumptions::default() });
    let bill = model.bill(&usage(Platform::AgentCore, 500.0)).expect("a bill");
    near(bill.cpu, 0.002 * 0.0895 / 3600.0 * 1e6);
}

#[test]
fn a_pause_longer_than_the_idle_timeout_ends_the_session() {
    let apart = model(Assumptions { seconds_between_calls: 61.0, ..Assumptions::default() });
    let alone = model(Assumptions { calls_per_session: 1, ..Assumptions::default() });
    let usage = usage(Platform::AgentCore, 1.0);
    assert_eq!(apart.bill(&usage), alone.bill(&usage));
}

#[test]
fn where_the_cheapest_host_changes_both_cost_the_same() {
    let model = model(Assumptions { seconds_between_calls: 0.1, ..Assumptions::default() });
    let usages = [usage(Platform::AgentCore, 1.0), usage(Platform::Lambda, 1.0)];
    let found = model.cheapest_by_calls_per_session(&usages);
    assert_eq!(found.iter().map(|step| step.host).collect::<Vec<_>>(), [1, 0]);
    near(found[0].from, 1.0);
    let cost = |host: usize, calls| model.at_calls_per_session(&usages[host], calls).expect("a bill").total();
    let at = found[1].from;
    assert!(cost(0, at) < cost(1, at) && cost(0, at - 1.0) >= cost(1, at - 1.0), "{at}");
}

#[test]
fn by_the_hour_a_busy_agent_is_cheaper_on_agentcore() {
    let usages = [usage(Platform::Lambda, 1.0), usage(Platform::AgentCore, 1.0)];
    let found = model(Assumptions::default()).cheapest_by_calls_per_hour(&usages);
    assert_eq!(found.iter().map(|step| step.host).collect::<Vec<_>>(), [0, 1]);
    // An hour of 128 MB, against what Lambda takes for a call beyond AgentCore's CPU. The
    // idle timeout at the end of every eight hours makes a little more.
    let calls = 0.125 * 0.00945 / (0.2e-6 + 0.25e-3 * 0.000_013_333_4 - 1e-3 * 0.0895 / 3600.0);
    assert!((1.0..1.01).contains(&(found[1].from / calls)), "{} against {calls}", found[1].from);
}

#[test]
fn nobody_knows_what_another_host_costs() {
    assert_eq!(model(Assumptions::default()).bill(&usage(Platform::Other, 1.0)), None);
    assert_eq!(model(Assumptions::default()).cheapest_by_calls_per_hour(&[usage(Platform::Other, 1.0)]), []);
}
