//! Server processes: how they are started, and that they end.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::{Child, Command};

/// A server program: what a container image or a function package is on AWS.
#[derive(Clone, Debug)]
pub struct Server {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Environment variables beside those of the platform.
    pub environment: Vec<(String, String)>,
    /// Pass on what it logs, to standard error.
    pub show_log: bool,
}

/// What a server may see of this machine's environment. Not the developer's credentials:
/// a container would not have them either.
const INHERITED: [&str; 7] =
    ["PATH", "HOME", "TMPDIR", "SYSTEMROOT", "RUST_LOG", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

impl Server {
    /// A program without arguments, its log discarded.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), environment: Vec::new(), show_log: false }
    }

    /// Starts a process that is killed when it is dropped.
    pub(crate) fn start(&self, platform: &[(&str, String)]) -> std::io::Result<Child> {
        let inherited = INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let log = || if self.show_log { Stdio::from(std::io::stderr()) } else { Stdio::null() };
        Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(inherited)
            .envs(platform.iter().map(|(name, value)| (name, value)))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log())
            .kill_on_drop(true)
            .spawn()
    }
}
