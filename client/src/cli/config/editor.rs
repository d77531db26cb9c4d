//! The MCP clients that can run the proxy: where each looks for its servers, and how an entry
//! is put there with everything else left as it was.

mod home;
mod json;
mod splice;
mod toml;
mod write;

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use clap::ValueEnum;

pub(crate) use home::Home;
pub(crate) use splice::Refusal;
pub(crate) use write::Written;

/// What runs the proxy, under the name by which a client knows it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Name,
    pub(crate) command: String,
    pub(crate) arguments: Vec<String>,
}

/// The name of a server: of letters, digits, `_` and `-`, since Claude Code and Codex take
/// nothing else (`claude mcp add`, `codex mcp add`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

/// Why a text is no [`Name`].
#[derive(Debug, thiserror::Error)]
#[error("{0:?} cannot name a server: use letters, digits, _ and -, at least one of them")]
pub(crate) struct InvalidName(String);

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if text.is_empty() || !text.chars().all(allowed) {
            return Err(InvalidName(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// An MCP client that starts servers over stdio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Editor {
    /// Claude Desktop
    ClaudeDesktop,
    /// Claude Code, in every project
    ClaudeCode,
    /// Cursor
    Cursor,
    /// Visual Studio Code
    Vscode,
    /// Kiro, the editor and the command line
    Kiro,
    /// Windsurf, which is Devin Desktop since June 2026
    #[value(alias = "devin")]
    Windsurf,
    /// Zed
    Zed,
    /// Codex: the command line, the extension and the app
    Codex,
    /// Gemini CLI
    GeminiCli,
}

/// How a client writes its servers down.
#[derive(Clone, Copy)]
enum Shape {
    /// JSON, with comments and trailing commas where the client takes them: under which key
    /// the servers are, and what each has for its `type`.
    Json { servers: &'static str, kind: Option<&'static str> },
    /// TOML: a table of each server in `mcp_servers`.
    Toml,
}

/// What a client's file becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Merged {
    /// The whole text, with an entry that was not there.
    Added(String),
    /// The whole text, with the entry of that name as it is now to be.
    Replaced(String),
    /// It says all of it already.
    Unchanged,
}

impl Editor {
    /// As the client's documentation has it: "Connect to local MCP servers"
    /// (modelcontextprotocol.io), "Connect Claude Code to tools via MCP" (code.claude.com),
    /// "Model Context Protocol" (cursor.com/docs/mcp), "MCP configuration reference"
    /// (code.visualstudio.com), "MCP / Configuration" (kiro.dev), "Model Context Protocol"
    /// (docs.windsurf.com) and "MCP Configuration" (docs.devin.ai), "Model Context Protocol"
    /// (zed.dev/docs/ai/mcp), "Configuration Reference" (developers.openai.com/codex),
    /// "MCP servers with Gemini CLI" (geminicli.com).
    fn shape(self) -> Shape {
        let json = |servers, kind| Shape::Json { servers, kind };
        match self {
            Self::ClaudeDesktop | Self::Cursor | Self::Kiro | Self::Windsurf | Self::GeminiCli => {
                json("mcpServers", None)
            }
            Self::ClaudeCode => json("mcpServers", Some("stdio")),
            Self::Vscode => json("servers", Some("stdio")),
            Self::Zed => json("context_servers", None),
            Self::Codex => Shape::Toml,
        }
    }

    /// The entry to paste: a whole valid file that has only it.
    pub(crate) fn snippet(self, entry: &Entry) -> String {
        match self.shape() {
            Shape::Json { servers, kind } => json::snippet(servers, kind, entry),
            Shape::Toml => toml::snippet(entry),
        }
    }

    /// The client's file with the entry in it. Of an entry that has its name already, only
    /// what runs it is changed; all else stays as it was, byte for byte.
    ///
    /// # Errors
    /// Where and why the text cannot be merged into.
    pub(crate) fn merged(self, text: &str, entry: &Entry) -> Result<Merged, Refusal> {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mark = &text[..text.len() - body.len()];
        let merged = if body.trim().is_empty() {
            Merged::Added(self.snippet(entry).replace('\n', splice::newline(body)))
        } else {
            match self.shape() {
                Shape::Json { servers, kind } => json::merged(body, servers, kind, entry)?,
                Shape::Toml => toml::merged(body, entry)?,
            }
        };
        Ok(match merged {
            Merged::Added(text) => Merged::Added(format!("{mark}{text}")),
            Merged::Replaced(text) => Merged::Replaced(format!("{mark}{text}")),
            Merged::Unchanged => Merged::Unchanged,
        })
    }
}

/// The keys by which clients reach a server that they do not start. Next to one of them a
/// command would be ignored (Gemini CLI) or an error (Codex).
const ADDRESSES: [&str; 3] = ["url", "httpUrl", "serverUrl"];

/// Why an entry with one of the [`ADDRESSES`] is not merged into.
fn is_remote(entry: &Entry, address: &str) -> String {
    let name = &entry.name.0;
    format!("the server {name:?} is reached by its {address:?}: choose another name, or remove it first")
}

#[cfg(test)]
mod tests;
