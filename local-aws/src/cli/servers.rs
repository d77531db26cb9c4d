//! The programs behind the doors and the client in front of them: built on the way where
//! cargo is at hand.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// Where the programs are.
pub(super) struct Programs {
    pub(super) agentcore_server: PathBuf,
    pub(super) lambda_server: PathBuf,
    pub(super) client: PathBuf,
}

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The policies that the doors enforce.
pub(super) fn policies() -> PathBuf {
    Path::new(WORKSPACE).join("policies")
}

/// Finds the programs beside this one. Run by cargo, it has cargo build them first, in the
/// same profile, with cargo's own progress on standard error.
pub(super) fn programs() -> anyhow::Result<Programs> {
    let this = std::env::current_exe().context("find out where this program is")?;
    let directory = this.parent().context("this program is in no directory")?;
    if let Some(cargo) = std::env::var_os("CARGO") {
        let profile = match directory.file_name().and_then(OsStr::to_str) {
            Some("debug") | None => "dev",
            Some(profile) => profile,
        };
        let mut build = Command::new(cargo);
        for name in std::env::vars_os().map(|(name, _)| name).filter(is_of_this_package) {
            build.env_remove(name);
        }
        let status = build
            .args(["build", "--locked", "--profile", profile])
            // All of the workspace's default members, as when this program was built: the
            // same features, so that no dependency is built twice.
            .args(["--bin", "agentcore-server", "--bin", "lambda-server", "--bin", "mcp-sigv4"])
            .current_dir(WORKSPACE)
            .status()
            .context("run cargo to build the servers")?;
        anyhow::ensure!(status.success(), "the servers could not be built: see above");
    }
    let beside = |name: &str| {
        let program = directory.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        anyhow::ensure!(
            program.exists(),
            "{} is missing: build it with `cargo build --profile demo`",
            program.display()
        );
        Ok(program)
    };
    Ok(Programs {
        agentcore_server: beside("agentcore-server")?,
        lambda_server: beside("lambda-server")?,
        client: beside("mcp-sigv4")?,
    })
}

/// How to call the client: the program beside this one, or the one that is installed.
pub(super) fn client() -> String {
    let name = format!("mcp-sigv4{}", std::env::consts::EXE_SUFFIX);
    let beside =
        std::env::current_exe().ok().map(|this| this.with_file_name(&name)).filter(|client| client.exists());
    beside.map_or(name, |client| client.display().to_string())
}

/// Whether cargo set a variable for the package it runs. Build scripts watch some of them,
/// and would run again.
fn is_of_this_package(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}
