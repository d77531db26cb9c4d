//! `mcp-sigv4 compare`: which of several hosts should the tools live on?

mod assumptions;
mod measuring;
mod progress;

use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use clap::Args;
use mcp_sigv4::compare::{
    Findings, Plan, Question, Record, Style, Subject, begin, comparable, measure, page, shown, text,
};
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
    #[arg(long, default_value_t = 1.25, value_name = "RATIO", requires = "baseline", value_parser = regression)]
    regression: f64,

    /// How surely the true ratio is to be within its interval, as a share
    #[arg(long, default_value_t = 0.95, value_name = "SHARE", value_parser = share)]
    confidence: f64,

    /// Measure nothing: report on an earlier run, which --output json printed
    #[arg(long, value_name = "FILE.json", conflicts_with = "targets")]
    from: Option<PathBuf>,
}

fn regression(text: &str) -> Result<f64, String> {
    let ratio: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    (1.0..=1000.0).contains(&ratio).then_some(ratio).ok_or_else(|| "must be from 1 to 1000".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    (0.5..=0.999).contains(&share).then_some(share).ok_or_else(|| "must be from 0.5 to 0.999".to_owned())
}

impl Compare {
    pub(super) async fn run(self, connection: Connection, output: Output) -> anyhow::Result<Answer> {
        // Whatever is wrong with what was asked for is said before anything is measured.
        let plan = self.measuring.plan()?;
        let (confidence, cost) = (self.reporting.confidence, self.cost.model()?);
        let question = Question { confidence, cost, baseline: self.reporting.baseline()? };
        self.reporting.try_page()?;
        let record = match &self.reporting.from {
            None => Box::pin(self.measure(&plan, connection)).await?,
            Some(file) => {
                anyhow::ensure!(
                    !connection.names_targets(),
                    "--from measures nothing: leave out --stack and --agent"
                );
                read_record(file)?
            }
        };
        let findings = Findings::of(&record, &question);
        // First, in case nobody reads on.
        self.reporting.write_page(&record, &findings)?;
        print(&match output {
            Output::Text => text(&record, &findings, style()),
            // In one line: histograms are long.
            Output::Json => json!({ "record": record, "findings": findings }).to_string() + "\n",
        })?;
        // Last, so that what was measured is not lost.
        if let Some((before, _)) = &question.baseline {
            let common =
                "the earlier run has no host or no load in common with this one, so nothing can be compared";
            anyhow::ensure!(comparable(before, &record), common);
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
        let record = Mutex::new(begin(&subjects, plan, command()));
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

    /// Finds out whether the page can be written, and leaves one that is there as it is.
    fn try_page(&self) -> anyhow::Result<()> {
        let Some(file) = &self.page else { return Ok(()) };
        let opened = OpenOptions::new().create(true).append(true).open(file);
        opened.map(drop).with_context(|| format!("write {}", file.display()))
    }

    fn write_page(&self, record: &Record, findings: &Findings) -> anyhow::Result<()> {
        let Some(file) = &self.page else { return Ok(()) };
        let page = page(record, findings).map_err(anyhow::Error::from_boxed).context("draw the report")?;
        std::fs::write(file, page).with_context(|| format!("write {}", file.display()))
    }
}

fn style() -> Style {
    let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if colours { Style::Terminal } else { Style::Plain }
}

/// The command as it is shown to others: targets as the report shows them, and no path of
/// this machine in front.
fn command() -> Vec<String> {
    let arguments = std::env::args().skip(1).map(|argument| match argument.parse::<Target>() {
        Ok(target) if argument.contains('?') => shown(&target),
        _ => argument,
    });
    std::iter::once(env!("CARGO_BIN_NAME").to_owned()).chain(arguments).collect()
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
    printed.record.check().with_context(|| format!("{} cannot be used", file.display()))?;
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
