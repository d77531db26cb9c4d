//! `mcp-sigv4 compare`: which of several hosts should the tools live on?

mod assumptions;
mod measuring;
mod progress;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use clap::Args;
use mcp_sigv4::compare::{Findings, Plan, Question, Record, Style, Subject, begin, measure, page, text};
use mcp_sigv4::{Kind, Protocol, Target};
use serde::Deserialize;
use serde_json::json;

use super::connection::Connection;
use super::{Answer, Output, print};
use assumptions::CostArguments;
use measuring::Measuring;
use progress::Bars;

#[derive(Args)]
pub(super) struct Compare {
    /// Where the tools are hosted
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,

    #[command(flatten)]
    measuring: Measuring,

    #[command(flatten)]
    cost: CostArguments,

    #[command(flatten)]
    reporting: Reporting,
}

#[derive(Args)]
#[command(next_help_heading = "Report")]
struct Reporting {
    /// Write a page that shows all of it
    #[arg(long = "report", value_name = "FILE.html")]
    page: Option<PathBuf>,

    /// Compare with an earlier run, which --output json printed; exit with 1 if anything is slower
    #[arg(long, value_name = "FILE.json")]
    baseline: Option<PathBuf>,

    /// How many times as slow as the earlier run is still no regression
    #[arg(long, default_value_t = 1.25, value_name = "RATIO", requires = "baseline")]
    regression: f64,

    /// How surely the true ratio is to be within its interval, as a share
    #[arg(long, default_value_t = 0.95, value_name = "SHARE", value_parser = share)]
    confidence: f64,

    /// Measure nothing: report on an earlier run, which --output json printed
    #[arg(long, value_name = "FILE.json", conflicts_with = "targets")]
    from: Option<PathBuf>,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    (0.5..=0.999).contains(&share).then_some(share).ok_or_else(|| "must be from 0.5 to 0.999".to_owned())
}

impl Compare {
    pub(super) async fn run(self, connection: Connection, output: Output) -> anyhow::Result<Answer> {
        // Whatever is wrong with what was asked for is said before anything is measured.
        let plan = self.measuring.plan()?;
        let question = Question {
            confidence: self.reporting.confidence,
            cost: self.cost.model()?,
            baseline: self.reporting.baseline()?,
        };
        let record = match &self.reporting.from {
            Some(file) => read_record(file)?,
            None => self.measure(&plan, connection).await?,
        };
        let findings = Findings::of(&record, &question);
        let style = if io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
            Style::Terminal
        } else {
            Style::Plain
        };
        print(&match output {
            Output::Text => text(&record, &findings, style),
            // In one line: histograms are long.
            Output::Json => json!({ "record": record, "findings": findings }).to_string() + "\n",
        })?;
        if let Some(file) = &self.reporting.page {
            let page =
                page(&record, &findings).map_err(anyhow::Error::from_boxed).context("draw the report")?;
            std::fs::write(file, page).with_context(|| format!("write {}", file.display()))?;
        }
        Ok(match (findings.all_well(&record), record.interrupted) {
            (false, _) => Answer::No,
            (true, true) => Answer::Interrupted,
            (true, false) => Answer::Yes,
        })
    }

    async fn measure(&self, plan: &Plan, connection: Connection) -> anyhow::Result<Record> {
        let (targets, options) = connection.resolve_all(self.targets.clone()).await?;
        anyhow::ensure!(
            options.session_id.is_none(),
            "compare makes sessions of its own: leave out --session-id"
        );
        let protocols: &[Protocol] =
            if self.measuring.both_protocols { &BOTH } else { std::slice::from_ref(&options.protocol) };
        let subjects: Vec<Subject> = targets
            .iter()
            .flat_map(|target| {
                let options = &options;
                protocols.iter().map(move |protocol| Subject {
                    name: String::new(),
                    target: target.clone(),
                    options: mcp_sigv4::Options { protocol: *protocol, ..options.clone() },
                })
            })
            .collect();
        anyhow::ensure!(subjects.len() > 1, "name two targets or more, by ARN, URL, --stack or --agent");
        let subjects = named(subjects);
        let record = Mutex::new(begin(&subjects, plan, std::env::args().collect()));
        let bars = Bars::new();
        let report = |progress| bars.show(progress);
        tokio::select! {
            measured = measure(&subjects, plan, &record, &report) => measured?,
            pressed = tokio::signal::ctrl_c() => pressed.context("wait for Ctrl-C")?,
        }
        bars.clear();
        Ok(record.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

const BOTH: [Protocol; 2] = [Protocol::Initialize, Protocol::V2026_07_28];

impl Reporting {
    fn baseline(&self) -> anyhow::Result<Option<(Record, f64)>> {
        let read = self.baseline.as_deref().map(read_record).transpose()?;
        Ok(read.map(|record| (record, self.regression)))
    }
}

/// Reads what `--output json` printed.
fn read_record(file: &Path) -> anyhow::Result<Record> {
    #[derive(Deserialize)]
    struct Printed {
        record: Record,
    }
    let text = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
    let printed: Printed = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not what `compare --output json` printed", file.display()))?;
    Ok(printed.record)
}

/// Names that tell the hosts apart.
fn named(mut subjects: Vec<Subject>) -> Vec<Subject> {
    let names: Vec<String> = subjects.iter().map(name).collect();
    for (index, subject) in subjects.iter_mut().enumerate() {
        let namesakes = names.iter().filter(|name| **name == names[index]).count();
        let number = names[..=index].iter().filter(|name| **name == names[index]).count();
        subject.name.clone_from(&names[index]);
        if namesakes > 1 {
            subject.name += &format!(" {number}");
        }
    }
    subjects
}

fn name(subject: &Subject) -> String {
    let host = place(&subject.target);
    if subject.options.protocol == Protocol::V2026_07_28 { format!("{host}, 2026-07-28") } else { host }
}

fn place(target: &Target) -> String {
    match target.kind() {
        Kind::Runtime(_) => "AgentCore Runtime".to_owned(),
        Kind::FunctionUrl => "Lambda function URL".to_owned(),
        _ => target.url().authority().to_owned(),
    }
}
