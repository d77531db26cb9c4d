//! The program: what it prints, and its exit codes.

use std::process::{Command, Output};

use insta::assert_snapshot;

/// Runs the program with nothing of AWS's in its environment.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sigv4"));
    command.args(arguments).env_clear().env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent");
    command.envs(environment.iter().copied()).output().expect("runs")
}

/// Exit code and standard error.
fn failure(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    format!("{}\n{error}", output.status.code().expect("an exit code"))
}

fn help(arguments: &[&str]) -> String {
    let output = run(arguments, &[]);
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn help_is_this() {
    assert_snapshot!(help(&["--help"]));
    assert_snapshot!(help(&["call", "-h"]));
    assert_snapshot!(help(&["compare", "-h"]));
    assert_snapshot!(help(&["proxy", "-h"]));
    assert_snapshot!(help(&["config", "-h"]));
}

#[test]
fn completions_and_a_manual_come_from_the_same_definitions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = help(&["completions", shell]);
        for word in ["proxy", "read-only", "tool-timeout"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let manual = help(&["man"]);
    for page in ["mcp-sigv4 1", "mcp-sigv4-proxy 1", "mcp-sigv4-config 1"] {
        assert!(manual.contains(&format!(".TH {page}")), "{page}");
    }
}

#[test]
fn an_entry_is_printed_and_merged_into_the_clients_own_file() {
    let home = tempfile::tempdir().expect("a directory");
    let environment = [("HOME", home.path().to_str().expect("text")), ("AWS_PROFILE", "work")];
    let arguments =
        ["config", "cursor", "https://abc123.lambda-url.us-east-1.on.aws/", "--read-only", "--timeout", "5"];
    let printed = run(&arguments, &environment);
    let entry: serde_json::Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    let server = &entry["mcpServers"]["abc123"];
    assert_eq!(server["command"], env!("CARGO_BIN_EXE_mcp-sigv4"));
    let arguments_of_proxy = serde_json::json!([
        "proxy",
        "https://abc123.lambda-url.us-east-1.on.aws/",
        "--profile",
        "work",
        "--read-only",
        "--timeout",
        "5"
    ]);
    assert_eq!(server["args"], arguments_of_proxy);
    let file = home.path().join(".cursor/mcp.json");
    assert!(!file.exists(), "only printed");

    std::fs::create_dir(home.path().join(".cursor")).expect("made");
    std::fs::write(&file, "{\n  // mine\n  \"mcpServers\": {\"other\": {\"command\": \"x\"}},\n}\n")
        .expect("written");
    let written = run(&[&arguments[..], &["--write"]].concat(), &environment);
    assert!(written.status.success());
    let text = std::fs::read_to_string(&file).expect("there");
    assert!(text.contains("// mine") && text.contains("\"other\": {\"command\": \"x\"}"), "{text}");
    assert!(text.contains("\"abc123\"") && text.contains("\"--read-only\""), "{text}");
    assert!(home.path().join(".cursor/mcp.json.bak").exists());
}

#[test]
fn the_proxy_and_its_entry_refuse_what_cannot_work() {
    let url = "https://abc123.lambda-url.us-east-1.on.aws/";
    assert_snapshot!(failure(&["proxy", url, "--protocol", "auto"], &[]), @"
    2
    error: --protocol does not apply: the MCP client chooses how to agree on a version
    ");
    assert_snapshot!(failure(&["config", "zed", "nonsense"], &[]), @r#"
    2
    error: "nonsense" is neither an AgentCore ARN nor an http(s) URL: give a runtime ARN, a function URL or another MCP URL
    "#);
    assert_snapshot!(failure(&["proxy", url, "--header", "Authorization: s3cret"], &[]), @"
    2
    error: --header authorization would replace the signature: give it with --unsigned
    ");
    let listens = failure(&["config", "zed", url, "--listen", "127.0.0.1:0"], &[]);
    assert!(listens.starts_with("2\nerror: --listen does not apply"), "{listens}");
    assert_snapshot!(failure(&["proxy", url, "--header", "s3cret"], &[]), @"
    2
    error: --header takes NAME: VALUE
    ");
}

#[test]
fn no_target_says_how_to_name_one() {
    assert_snapshot!(failure(&["tools"], &[]), @"
    2
    error: which target? name an ARN or a URL, give --stack or --agent, or set MCP_TARGET
    ");
}

#[test]
fn what_is_no_target_is_said_to_be_none() {
    assert_snapshot!(failure(&["tools", "my-agent"], &[]), @r#"
    2
    error: "my-agent" is neither an AgentCore ARN nor an http(s) URL: give a runtime ARN, a function URL or another MCP URL
    "#);
    assert_snapshot!(failure(&["demo"], &[("MCP_TARGET", "arn:aws:lambda:us-east-1:123456789012:function:f")]), @"
    2
    error: arn:aws:lambda:us-east-1:123456789012:function:f is not the ARN of an AgentCore runtime or gateway (arn:aws:bedrock-agentcore:REGION:ACCOUNT:runtime/ID); for a Lambda function give its function URL
    ");
}

#[test]
fn a_host_that_does_not_tell_its_service_must_be_told() {
    assert_snapshot!(failure(&["tools", "https://mcp.example.com/"], &[]), @"
    2
    error: https://mcp.example.com/ does not tell which AWS service to sign for: name it with --service (and --region), or send unsigned requests with --unsigned
    ");
}

#[test]
fn a_host_that_tells_no_region_takes_it_from_the_configuration() {
    let arguments = ["tools", "https://mcp.example.com/", "--service", "execute-api"];
    assert_snapshot!(failure(&arguments, &[]), @"
    2
    error: no region to sign for: give --region, set AWS_REGION, or set a region in the AWS profile
    ");
}

#[test]
fn no_credentials_says_where_it_looked() {
    let error = failure(&["tools", "https://abc.lambda-url.us-east-1.on.aws/"], &[]);
    assert!(error.starts_with("2\nerror: no AWS credentials found: run `aws configure`"), "{error}");
    for place in ["Environment", "Profile", "WebIdentityToken", "EcsContainer", "Ec2InstanceMetadata"] {
        assert!(error.contains(place), "{place}: {error}");
    }
}

#[test]
fn a_profile_that_is_not_there_is_said_to_be_missing() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let arguments = ["tools", "https://abc.lambda-url.us-east-1.on.aws/", "--profile", "nope"];
    assert_snapshot!(failure(&arguments, &keys), @r#"
    2
    error: no AWS credentials found: run `aws configure` or `aws sso login`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID; these were tried:
    the profile "nope", which is not there or has none
    "#);
}

#[test]
fn nobody_listening_is_said_at_once() {
    let error = failure(&["tools", "http://127.0.0.1:1/mcp"], &[]);
    assert!(error.starts_with("2\nerror: cannot connect to 127.0.0.1:1: Connection refused"), "{error}");
}

#[test]
fn options_that_do_not_apply_are_refused() {
    assert_snapshot!(failure(&["tools", "http://127.0.0.1:1/mcp", "--qualifier", "prod"], &[]), @"
    2
    error: --qualifier applies to AgentCore runtimes given by ARN, not to http://127.0.0.1:1/mcp
    ");
    assert_snapshot!(failure(&["call", "http://127.0.0.1:1/mcp"], &[]), @"
    2
    error: which tool? give its name after the target
    ");
    assert_snapshot!(failure(&["call", "http://127.0.0.1:1/mcp", "t", "a=1", "--json", "{}"], &[]), @"
    2
    error: give arguments as NAME=VALUE or as --json, not both
    ");
    assert_snapshot!(failure(&["call", "http://127.0.0.1:1/mcp", "t", "--json", "[]"], &[]), @r#"
    2
    error: --json takes one JSON object, such as '{"a": 5}': invalid type: sequence, expected a map at line 1 column 0
    "#);
}
