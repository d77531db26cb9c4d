//! The command line: what it takes, and what its exit code says.

mod compare;
mod config;
mod connection;
mod doctor;
mod logging;
mod output;
mod proxy;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use mcp_sigv4::{Client, Demo, DemoError, Error, Forms, JsonObject};

use connection::{Connection, split_target};

/// Call MCP tools behind AWS IAM: every request is signed with SigV4
///
/// A TARGET is the ARN of an AgentCore runtime or gateway, a Lambda function URL, or any
/// other MCP URL. In its place stand --stack, --agent, or the environment variable MCP_TARGET.
/// Exit codes: 0 yes, 1 the tool or the MCP server answered with an error, the doctor found a
/// fault, or a comparison a difference, a failure or a regression, 2 there was no answer (usage,
/// credentials, refused by IAM, not reached), 130 a comparison was ended by Ctrl-C.
#[derive(Parser)]
#[command(name = "mcp-sigv4", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,

    /// What to print on standard output
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,

    /// Say on standard error what is done (twice for more)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Output {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// List the tools
    Tools {
        /// Where they are hosted
        target: Option<String>,
    },
    /// Call a tool
    Call(Call),
    /// Run the guide's script: list the tools, call each once
    Demo {
        /// Where they are hosted
        target: Option<String>,
    },
    /// Find out what is wrong with a deployment, and how to mend it
    Doctor {
        /// Where the tools are hosted
        target: Option<String>,
    },
    /// Find out which host the tools should live on: same answers, latency, throughput, cost
    Compare(Box<compare::Compare>),
    /// Let MCP clients that cannot sign use the tools: over stdio, or as an HTTP endpoint here
    Proxy(Box<proxy::Proxy>),
    /// Print the entry for an MCP client that starts the proxy, or write it into the client's file
    Config(Box<config::Config>),
    /// Print the completions of a shell
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Args)]
struct Call {
    /// Where the tool is hosted, its name, and its arguments
    #[arg(required = true, value_names = ["[TARGET] TOOL", "NAME=VALUE"], num_args = 1..)]
    words: Vec<String>,

    /// All arguments as one JSON object
    #[arg(long, value_name = "OBJECT")]
    json: Option<String>,

    /// Send forms that the server wants filled in on the way (elicitation) back with their defaults
    #[arg(long)]
    accept_defaults: bool,
}

/// What a run that worked came to.
pub(crate) enum Answer {
    Yes,
    No,
    /// Ended by Ctrl-C, after saying what was found until then.
    Interrupted,
}

impl Cli {
    /// Runs the command and prints what it found.
    pub(crate) async fn run(self) -> anyhow::Result<Answer> {
        match self.command {
            Command::Tools { target } => tools(target, self.connection, self.output).await,
            Command::Call(call) => call.run(self.connection, self.output).await,
            Command::Demo { target } => demo(target, self.connection, self.output).await,
            Command::Doctor { target } => Box::pin(doctor::run(target, self.connection, self.output)).await,
            // Boxed: it holds all that is measured.
            Command::Compare(compare) => Box::pin(compare.run(self.connection, self.output)).await,
            Command::Proxy(proxy) => Box::pin(proxy.run(self.connection)).await,
            Command::Config(config) => Box::pin(config.run(self.connection)).await,
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Self::command(), env!("CARGO_PKG_NAME"), &mut script);
                print(&String::from_utf8_lossy(&script))?;
                Ok(Answer::Yes)
            }
            Command::Man => {
                print(&manual()?)?;
                Ok(Answer::Yes)
            }
        }
    }

    /// Starts to log, as the command wants it.
    pub(crate) fn init_logging(&self) -> anyhow::Result<()> {
        match &self.command {
            Command::Proxy(proxy) => proxy.logging.init(self.verbose),
            _ => logging::Logging::default().init(self.verbose),
        }
    }
}

/// The manual: a page for the whole, then one for each command.
fn manual() -> anyhow::Result<String> {
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut pages)?;
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        clap_mangen::Man::new(subcommand.clone()).render(&mut pages)?;
    }
    Ok(String::from_utf8_lossy(&pages).into_owned())
}

async fn tools(target: Option<String>, connection: Connection, output: Output) -> anyhow::Result<Answer> {
    let (target, options) = connection.resolve(target).await?;
    let client = Client::connect(target, options).await?;
    let tools = client.list_tools().await;
    client.close().await;
    let tools = tools?;
    print(&match output {
        Output::Json => output::json(&tools)?,
        Output::Text => output::tools(&tools),
    })?;
    Ok(Answer::Yes)
}

impl Call {
    async fn run(self, connection: Connection, output: Output) -> anyhow::Result<Answer> {
        let (target, words) = split_target(self.words);
        let (tool, pairs) = words.split_first().context("which tool? give its name after the target")?;
        let whole = self.json.as_deref().map(parse_object).transpose()?;
        anyhow::ensure!(
            whole.is_none() || pairs.is_empty(),
            "give arguments as NAME=VALUE or as --json, not both"
        );
        let (target, mut options) = connection.resolve(target).await?;
        if self.accept_defaults {
            options.forms = Forms::Defaults;
        }
        let client = Client::connect(target, options).await?;
        let result = call(&client, tool, pairs, whole).await;
        client.close().await;
        let result = result?;
        let refused = result.is_error == Some(true);
        let text = match output {
            Output::Json => output::json(&result)?,
            Output::Text => output::result(&result),
        };
        if refused && matches!(output, Output::Text) {
            anyhow::bail!(Refused(text.trim_end().to_owned()));
        }
        print(&text)?;
        Ok(if refused { Answer::No } else { Answer::Yes })
    }
}

async fn call(
    client: &Client,
    tool: &str,
    pairs: &[String],
    whole: Option<JsonObject>,
) -> anyhow::Result<mcp_sigv4::CallToolResult> {
    // The list tells how arguments are to be read, and whether a lost call may be repeated.
    let tools = client.list_tools().await?;
    let schema = tools.iter().find(|listed| listed.name == tool);
    let arguments = whole.map_or_else(|| mcp_sigv4::from_pairs(schema, pairs), Ok)?;
    Ok(client.call_tool(tool, arguments).await?)
}

fn parse_object(text: &str) -> anyhow::Result<JsonObject> {
    serde_json::from_str(text).context("--json takes one JSON object, such as '{\"a\": 5}'")
}

async fn demo(target: Option<String>, connection: Connection, output: Output) -> anyhow::Result<Answer> {
    let (target, options) = connection.resolve(target).await?;
    match output {
        Output::Text => {
            Demo::run(target, options, &mut io::stdout()).await?;
        }
        Output::Json => {
            let demo = Demo::run(target, options, &mut io::sink()).await?;
            print(&output::json(&demo.to_json())?)?;
        }
    }
    Ok(Answer::Yes)
}

/// A tool's own error, for standard error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("write to standard output")
}

/// The exit code, with the error said on standard error. A reader that went away (`| head`)
/// is no error.
pub(crate) fn exit_code(run: anyhow::Result<Answer>) -> ExitCode {
    let error = match run {
        Ok(Answer::Yes) => return ExitCode::SUCCESS,
        Ok(Answer::No) => return ExitCode::from(1),
        // What a shell says of a program that Ctrl-C ended.
        Ok(Answer::Interrupted) => return ExitCode::from(130),
        Err(error) => error,
    };
    let causes = || error.chain();
    let pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if causes().any(pipe) {
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(io::stderr(), "error: {error:#}");
    let answered = causes().any(|cause| {
        cause.is::<Refused>()
            || cause.downcast_ref::<Error>().is_some_and(Error::is_answer)
            || cause.downcast_ref::<DemoError>().is_some_and(DemoError::is_answer)
    });
    ExitCode::from(if answered { 1 } else { 2 })
}
