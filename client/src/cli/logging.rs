//! Where what is done is said, and how much of it.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// Logs go to standard error: standard output is for data.
#[derive(Args, Default)]
#[command(next_help_heading = "Log")]
pub(super) struct Logging {
    /// How much to log [default: what RUST_LOG says, or info to a file, or nothing]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(super) log_level: Option<Level>,

    /// Log to the end of this file instead of standard error
    #[arg(long, value_name = "FILE")]
    pub(super) log_file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl Logging {
    pub(super) fn init(&self, verbose: u8) -> anyhow::Result<()> {
        let said = || EnvFilter::new(self.filter(verbose));
        let filter = match self.log_level {
            Some(_) => said(),
            None => EnvFilter::try_from_default_env().unwrap_or_else(|_| said()),
        };
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
        match &self.log_file {
            None => log.with_ansi(io::stderr().is_terminal()).with_writer(io::stderr).without_time().init(),
            Some(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                let file = file.with_context(|| format!("open {}", path.display()))?;
                log.with_ansi(false).with_writer(Arc::new(file)).init();
            }
        }
        Ok(())
    }

    fn filter(&self, verbose: u8) -> &'static str {
        match (self.log_level, verbose) {
            (Some(Level::Error), _) => "mcp_sigv4=error",
            (Some(Level::Warn), _) => "mcp_sigv4=warn",
            (Some(Level::Info), _) | (None, 1) => "mcp_sigv4=info",
            // Who names a file wants something in it.
            (None, 0) if self.log_file.is_some() => "mcp_sigv4=info",
            (Some(Level::Debug), _) | (None, 2..) => "mcp_sigv4=debug,rmcp=warn",
            (None, 0) => "off",
        }
    }
}
