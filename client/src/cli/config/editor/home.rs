//! Where each client keeps its configuration.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::Editor;

/// The operating systems on which files are kept in different places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Linux,
    MacOs,
    Windows,
}

impl System {
    /// The one this program was built for.
    const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::MacOs
    } else {
        Self::Linux
    };
}

/// The directories in which a user's programs keep their configuration.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    system: System,
    directory: PathBuf,
    /// `$XDG_CONFIG_HOME`, `~/Library/Application Support` or `%APPDATA%`.
    applications: PathBuf,
    /// `%LOCALAPPDATA%`, which only Windows has.
    packages: PathBuf,
    /// `$CLAUDE_CONFIG_DIR`: "Environment variables" (code.claude.com).
    claude: PathBuf,
    /// `$CODEX_HOME`: "Configuration Reference" (developers.openai.com/codex).
    codex: PathBuf,
    /// `$GEMINI_CLI_HOME`: `homedir()` in Gemini CLI's `packages/core/src/utils/paths.ts`.
    gemini: PathBuf,
}

/// There is no telling where files are to be.
#[derive(Debug, thiserror::Error)]
#[error("the home directory is not known: set {0}")]
pub(crate) struct Homeless(&'static str);

impl Home {
    /// The directories of the user who runs this program.
    pub(crate) fn of_user() -> Result<Self, Homeless> {
        Self::new(System::HERE, std::env::var_os)
    }

    /// The directories that these environment variables tell.
    fn new(system: System, variable: impl Fn(&'static str) -> Option<OsString>) -> Result<Self, Homeless> {
        let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let name = if system == System::Windows { "USERPROFILE" } else { "HOME" };
        let directory = set(name).ok_or(Homeless(name))?;
        let applications = match system {
            // "All paths set in these environment variables must be absolute": XDG Base Directory
            // Specification.
            System::Linux => set("XDG_CONFIG_HOME").filter(|path| path.has_root()),
            System::MacOs => Some(directory.join("Library").join("Application Support")),
            System::Windows => set("APPDATA").or_else(|| Some(directory.join("AppData").join("Roaming"))),
        };
        Ok(Self {
            system,
            applications: applications.unwrap_or_else(|| directory.join(".config")),
            packages: set("LOCALAPPDATA").unwrap_or_else(|| directory.join("AppData").join("Local")),
            claude: set("CLAUDE_CONFIG_DIR").unwrap_or_else(|| directory.clone()),
            codex: set("CODEX_HOME").unwrap_or_else(|| directory.join(".codex")),
            gemini: set("GEMINI_CLI_HOME").unwrap_or_else(|| directory.clone()),
            directory,
        })
    }

    /// "Connect to local MCP servers" (modelcontextprotocol.io) names the files of macOS and
    /// Windows; an Electron app's on Linux are in the same place of its own. As a package,
    /// which it is since February 2026, the Windows app reads elsewhere (issues 26073 and 93152
    /// of anthropics/claude-code): what it has made there tells where.
    fn claude_desktop(&self) -> PathBuf {
        let documented = self.applications.join("Claude");
        if self.system != System::Windows {
            return documented;
        }
        let roaming = Path::new("LocalCache").join("Roaming").join("Claude");
        let data = of_claude(&self.packages.join("Claude-Data")).into_iter();
        let virtualized = of_claude(&self.packages.join("Packages")).into_iter().map(|of| of.join(&roaming));
        data.chain(virtualized).find(|directory| directory.is_dir()).unwrap_or(documented)
    }

    /// `~/.codeium/windsurf`: "Model Context Protocol (MCP)" (docs.windsurf.com). Since it is
    /// Devin Desktop, `~/.config/devin` on Linux and macOS, `%APPDATA%\devin` on Windows: "MCP
    /// Configuration" (docs.devin.ai).
    fn windsurf(&self) -> PathBuf {
        let devin = match self.system {
            System::Windows => self.applications.join("devin"),
            System::Linux | System::MacOs => self.directory.join(".config").join("devin"),
        };
        if devin.is_dir() { devin } else { self.directory.join(".codeium").join("windsurf") }
    }

    /// "Configuring Zed" (zed.dev): `~/.config` on macOS too; on Windows, `config_dir()` in its
    /// `crates/paths/src/paths.rs`.
    fn zed(&self) -> PathBuf {
        match self.system {
            System::Linux => self.applications.join("zed"),
            System::MacOs => self.directory.join(".config").join("zed"),
            System::Windows => self.applications.join("Zed"),
        }
    }
}

/// The directories in this one that are the Claude app's, by name.
fn of_claude(parent: &Path) -> Vec<PathBuf> {
    let is_claude = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
        name.is_some_and(|name| name.starts_with("claude_"))
    };
    let entries = fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(is_claude).collect();
    found.sort();
    found
}

impl Editor {
    /// The user's file in which this client looks for its servers, by the documents that
    /// are named with its shape.
    pub(crate) fn file(self, home: &Home) -> PathBuf {
        match self {
            Self::ClaudeDesktop => home.claude_desktop().join("claude_desktop_config.json"),
            Self::ClaudeCode => home.claude.join(".claude.json"),
            Self::Cursor => home.directory.join(".cursor").join("mcp.json"),
            // The profile that is there by default; `getUserDataPath` in Visual Studio Code's
            // `src/vs/platform/environment/node/userDataPath.ts` says where.
            Self::Vscode => home.applications.join("Code").join("User").join("mcp.json"),
            Self::Kiro => home.directory.join(".kiro").join("settings").join("mcp.json"),
            Self::Windsurf => home.windsurf().join("mcp_config.json"),
            Self::Zed => home.zed().join("settings.json"),
            Self::Codex => home.codex.join("config.toml"),
            Self::GeminiCli => home.gemini.join(".gemini").join("settings.json"),
        }
    }
}

#[cfg(test)]
mod tests;
