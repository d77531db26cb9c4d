use super::*;

fn one_to(milliseconds: u64) -> Distribution {
    (1..=milliseconds).map(Duration::from_millis).collect()
}

#[track_caller]
fn near(value: Option<f64>, expected: f64) {
    let value = value.expect("a value");
    assert!((value / expected - 1.0).abs() < 0.001, "{value} rather than {expected}");
}

#[test]
fn a_known_distribution_has_known_quantiles() {
    let thousand = one_to(1000);
    for (quantile, expected) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0), (0.999, 999.0), (1.0, 1000.0)] {
        near(thousand.quantile(quantile), expected);
    }
    near(thousand.min(), 1.0);
    near(thousand.max(), 1000.0);
    near(thousand.mean(), 500.5);
}

#[test]
fn quantiles_are_by_nearest_rank() {
    near(one_to(3).quantile(0.5), 2.0);
    near(one_to(2).quantile(0.5), 1.0);
    near(one_to(100).quantile(0.99), 99.0);
    near(one_to(1).quantile(0.0), 1.0);
}

#[test]
fn a_failed_call_is_slower_than_any() {
    let mut calls = one_to(98);
    calls.failed("throttled");
    calls.failed("HTTP 500");
    assert_eq!(calls.calls(), 100);
    near(calls.quantile(0.98), 98.0);
    assert_eq!(calls.quantile(0.99), None);
}

#[test]
fn nothing_measured_has_no_statistics() {
    let nothing = Distribution::default();
    assert_eq!(
        (nothing.quantile(0.5), nothing.min(), nothing.max(), nothing.mean()),
        (None, None, None, None)
    );
}

#[test]
fn raw_histograms_come_back_as_they_were() {
    let mut calls = one_to(1000);
    calls.answered(Duration::from_secs(100));
    calls.failed("throttled");
    let text = serde_json::to_string(&calls).expect("JSON");
    assert_eq!(serde_json::from_str::<Distribution>(&text).expect("reads back"), calls);
}

#[test]
fn adding_is_as_if_measured_at_once() {
    let mut low: Distribution = (1..=500).map(Duration::from_millis).collect();
    let high: Distribution = (501..=1000).map(Duration::from_millis).collect();
    low.add(&high);
    assert_eq!(low, one_to(1000));
}
