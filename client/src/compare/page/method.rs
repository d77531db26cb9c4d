//! How it was measured: all that it takes to do it again.

use maud::{Markup, html};

use super::swatch;
use crate::compare::findings::Findings;
use crate::compare::plan::Amount;
use crate::compare::record::Record;
use crate::compare::words::{number, percent, plural};

pub(super) fn method(record: &Record, findings: &Findings) -> Markup {
    let plan = &record.plan;
    let amount = match plan.amount {
        Amount::Seconds(seconds) => format!("{seconds} s"),
        Amount::Calls(calls) => plural(calls as u64, "call"),
    };
    let machine = &record.machine;
    let round_trip = |value: Option<f64>| {
        value.map_or_else(|| "not known".to_owned(), |value| format!("{} ms", number(Some(value))))
    };
    let unknown = || "not known".to_owned();
    html! {
        h2 { "How it was measured" }
        table class="words" {
            tr { th { "command" } td { code { (shell(&record.command)) } } }
            tr { th { "when" } td { (record.started) ", for " (format!("{:.0}", record.seconds)) " s" @if record.interrupted { ", ended early" } } }
            tr { th { "from" } td { (machine.system) ", " (machine.architecture) ", " (plural(machine.cpus as u64, "CPU")) } }
            tr { th { "calls" } td { @for call in plan.workload.calls() { code { (call.tool) " " (serde_json::Value::Object(call.arguments.clone())) } br; } } }
            tr { th { "amount" } td { (amount) " of each load on each host, in at most " (plan.rounds) " rounds; the hosts take turns, in an order drawn for each round (seed " (plan.seed) "), and under a rate their calls alternate. " (plural(plan.warm_up as u64, "call")) " of each connection beforehand. Nothing is tried again but what the clock or expired credentials spoiled." } }
            tr { th { "statistics" } td { "~ marks a quantile that has less than ten calls beyond it. HDR histograms of three digits; quantiles by nearest rank over all calls, a failed call counting as slower than any, max and mean of answers alone; calls per second without the pauses of 100 ms after failures; bold is the best, by more than chance; × is the ratio to the first host, with an interval of " (percent(findings.confidence)) " from 2000 bootstrap draws of rounds." } }
            @for (index, lane) in record.lanes.iter().enumerate() {
                tr { th { (swatch(index)) (lane.name) } td {
                    code { (lane.target) } br;
                    "region " (lane.region.clone().unwrap_or_else(unknown)) "; server " (lane.server.clone().unwrap_or_else(unknown))
                    "; protocol " (lane.protocol.clone().unwrap_or_else(unknown)) "; TCP round trip " (round_trip(lane.round_trip_ms))
                } }
            }
        }
    }
}

/// Words as a shell takes them.
fn shell(words: &[String]) -> String {
    let plain = |word: &str| {
        word.chars().all(|character| character.is_ascii_alphanumeric() || "-_./:=,%+@".contains(character))
    };
    let quoted = words.iter().map(|word| match word {
        word if !word.is_empty() && plain(word) => word.clone(),
        word => format!("'{}'", word.replace('\'', r"'\''")),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_given_to_a_shell_again() {
        let words = ["mcp-sigv4", "compare", "http://h/?a=1&b=2", "it's", ""].map(str::to_owned);
        assert_eq!(shell(&words), r"mcp-sigv4 compare 'http://h/?a=1&b=2' 'it'\''s' ''");
    }
}
