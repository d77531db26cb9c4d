//! The report for a terminal.

mod costs;
mod loads;
mod table;

use super::findings::Findings;
use super::record::Record;
use super::words::{failures, percent, plural, regressions};
use costs::costs;
use loads::{load, starts};
pub use table::Style;

/// The whole report.
#[must_use]
pub fn text(record: &Record, findings: &Findings, style: Style) -> String {
    let mut sections = vec![sameness(record)];
    if !findings.starts.is_empty() {
        sections.push(starts(record, &findings.starts, style));
    }
    sections.extend(findings.loads.iter().map(|summary| load(record, summary, style)));
    if let Some(cost) = &findings.cost {
        sections.push(costs(record, cost, style));
    }
    sections.extend(list("Failures", &failures(record)));
    sections.extend(list("Slower than the earlier run", &regressions(findings)));
    sections.extend(list("Before you rely on this", &findings.warnings));
    if !findings.loads.is_empty() {
        sections.push(legend(findings));
    }
    sections.join("\n")
}

fn legend(findings: &Findings) -> String {
    let confidence = percent(findings.confidence);
    let failed = findings.loads.iter().flat_map(|load| &load.lanes).any(|lane| !lane.failed.is_empty());
    let answers =
        if failed { "; a failed call counts as slower than any, max and mean are of answers" } else { "" };
    format!("* best, by more than chance; ~ too few calls; [ ] {confidence} confidence interval{answers}\n")
}

fn sameness(record: &Record) -> String {
    let tools = record.lanes.first().map_or(0, |lane| lane.tools);
    let calls = record.plan.workload.calls().len();
    match record.differences.as_deref() {
        None => "Same answers? Not every host was asked.\n".to_owned(),
        Some([]) => {
            format!(
                "Same answers: yes, {} and {} alike on all.\n",
                plural(tools as u64, "tool"),
                plural(calls as u64, "call")
            )
        }
        Some(differences) => {
            let shown = differences.iter().map(|difference| {
                let name = &record.lanes[difference.lane].name;
                format!("\n{name} differs in {}:\n{}", difference.what, difference.diff)
            });
            format!("Same answers: NO.\n{}", shown.collect::<String>())
        }
    }
}

fn list(heading: &str, lines: &[String]) -> Option<String> {
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    (!lines.is_empty()).then(|| format!("{heading}\n{lines}"))
}
