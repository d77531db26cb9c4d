//! What the tests share: programs, identities, a stack, and a client for it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use local_aws::{Config, Identities, Identity, Policy, Server, Stack, caller_policies};
use mcp_sigv4::{
    CallToolResult, Client, Credentials, Error, JsonObject, Options, SharedCredentialsProvider, Signing,
    Target,
};
use serde_json::Value;

/// The directory of the programs that this test run built.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = std::env::current_exe().expect("this program");
    let directory = test.ancestors().nth(2).expect("target/PROFILE/deps").to_owned();
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    // Fresh when the whole workspace is tested; built now when this package alone is.
    let mut build = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            build.env_remove(name);
        }
    }
    let bins = ["agentcore-server", "lambda-server", "mcp-sigv4"].map(|bin| format!("--bin={bin}"));
    let examples = ["everything", "fixture"].map(|example| format!("--example={example}"));
    let built = build.args(["build", "--quiet", "--profile", profile]).args(bins).args(examples);
    let built = built.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).status();
    assert!(built.expect("cargo runs").success(), "the servers build");
    directory
});

pub(crate) fn program(name: &str) -> PathBuf {
    PROGRAMS.join(name)
}

pub(crate) fn shipped_policies() -> Vec<Policy> {
    caller_policies(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")).expect("the shipped policies")
}

/// A user who may call both hosts.
pub(crate) fn caller() -> Identity {
    Identity::user("caller", shipped_policies())
}

/// The real servers, for the given identities.
pub(crate) fn config(identities: &[&Identity]) -> Config {
    let identities = identities.iter().map(|identity| (*identity).clone()).collect::<Identities>();
    Config::new(program("agentcore-server"), program("lambda-server"), identities)
}

/// The fixture that misbehaves on request, on both hosts.
pub(crate) fn fixture(identities: &[&Identity]) -> Config {
    let server = |host: &str| {
        let mut server = Server::new(program("examples/fixture"));
        server.arguments = vec![host.to_owned()];
        server
    };
    Config { agentcore_server: server("agentcore"), lambda_server: server("lambda"), ..config(identities) }
}

pub(crate) async fn start(config: Config) -> Stack {
    Stack::start(config).await.expect("both doors open")
}

/// Both targets of a stack, each under its name.
pub(crate) fn targets(stack: &Stack) -> [(&'static str, Target); 2] {
    [("agentcore", runtime(stack)), ("lambda", function_url(stack))]
}

pub(crate) fn runtime(stack: &Stack) -> Target {
    let endpoint = stack.agentcore_endpoint().parse().expect("a URL");
    stack
        .runtime_arn()
        .parse::<Target>()
        .and_then(|target| target.with_endpoint(&endpoint))
        .expect("a target")
}

pub(crate) fn function_url(stack: &Stack) -> Target {
    stack.function_url().parse().expect("a target")
}

pub(crate) fn options(identity: &Identity) -> Options {
    let token = identity.session.as_ref().map(|(token, _)| token.clone());
    let keys = Credentials::new(&identity.access_key, &identity.secret, token, None, "test");
    let signing = Signing::Provider(SharedCredentialsProvider::new(keys));
    Options { signing, timeout: Duration::from_secs(20), ..Options::default() }
}

pub(crate) async fn connect(target: Target, identity: &Identity) -> Result<Client, Error> {
    Client::connect(target, options(identity)).await
}

pub(crate) fn arguments(json: &str) -> JsonObject {
    serde_json::from_str(json).expect("a JSON object")
}

pub(crate) fn text(result: &CallToolResult) -> String {
    let block = serde_json::to_value(&result.content[0]).expect("JSON");
    block["text"].as_str().expect("text").to_owned()
}

/// The answer of a tool as text.
pub(crate) async fn call(client: &Client, tool: &str, json: &str) -> String {
    text(&client.call_tool(tool, arguments(json)).await.unwrap_or_else(|error| panic!("{tool}: {error}")))
}

/// Structured content, number by number.
pub(crate) fn structured(result: &CallToolResult) -> Value {
    result.structured_content.clone().expect("structured content")
}
