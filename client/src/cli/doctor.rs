//! `mcp-sigv4 doctor`: what is wrong with a deployment.

use std::io::{self, IsTerminal};

use clap::builder::styling::{AnsiColor, Style};
use mcp_sigv4::doctor::{Finding, Verdict, examine};

use super::connection::Connection;
use super::{Answer, Output, output, print};

pub(super) async fn run(
    target: Option<String>,
    connection: Connection,
    output: Output,
) -> anyhow::Result<Answer> {
    let (target, options) = connection.resolve(target).await?;
    let mut findings = Vec::new();
    let mut printed = Ok(());
    let healthy = examine(&target, &options, |finding| {
        if matches!(output, Output::Text) && printed.is_ok() {
            printed = print(&text(&finding));
        }
        findings.push(finding);
    })
    .await;
    printed?;
    if matches!(output, Output::Json) {
        print(&output::json(&findings)?)?;
    }
    Ok(if healthy { Answer::Yes } else { Answer::No })
}

fn text(finding: &Finding) -> String {
    let check = finding.check;
    let line = |color, word: &str, what: &str| format!("{check:12} {} {what}\n", painted(color, word));
    match &finding.verdict {
        Verdict::Pass { found } => line(Some(AnsiColor::Green), "pass", found),
        Verdict::NotReached { reason } => line(None, "-   ", &format!("not reached: {reason}")),
        Verdict::Fail { found, fix } => {
            line(Some(AnsiColor::Red), "FAIL", found) + &format!("{:12} fix: {fix}\n", "")
        }
    }
}

/// In colour on a terminal that wants it.
fn painted(color: Option<AnsiColor>, word: &str) -> String {
    let wanted = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let style = Style::new().fg_color(color.filter(|_| wanted).map(Into::into));
    format!("{style}{word}{style:#}")
}
