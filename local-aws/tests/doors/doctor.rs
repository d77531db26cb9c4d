//! What `mcp-sigv4 doctor` says of each fault.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use local_aws::{Identity, Server, Stack};

use crate::common::{caller, config, fixture, program, shipped_policies, start};

/// What the doctor printed, and its exit code.
struct Examined {
    text: String,
    code: Option<i32>,
}

impl Examined {
    /// The line of a check, with its fix if it has one.
    fn line(&self, check: &str) -> String {
        let mut lines = self.text.lines().skip_while(|line| !line.starts_with(check));
        let line = lines.next().unwrap_or_else(|| panic!("no line for {check}:\n{}", self.text));
        let fix = lines.next().filter(|next| next.starts_with(' ')).unwrap_or_default();
        format!("{line}\n{fix}")
    }

    /// Asserts that a check failed, with these words in what was found and in the fix.
    fn fails(&self, check: &str, found: &str, fix: &str) {
        let line = self.line(check);
        assert!(line.starts_with(&format!("{check:12} FAIL ")), "{}", self.text);
        let (first, second) = line.split_once('\n').expect("two lines");
        assert!(first.contains(found) && second.contains(fix), "{line}");
        assert_eq!(self.code, Some(1));
    }

    fn passes(&self, checks: &[&str]) {
        for check in checks {
            assert!(self.line(check).starts_with(&format!("{check:12} pass ")), "{check}:\n{}", self.text);
        }
    }

    fn does_not_reach(&self, checks: &[&str]) {
        for check in checks {
            assert!(self.line(check).contains("not reached: "), "{check}:\n{}", self.text);
        }
    }
}

const ALL: [&str; 13] = [
    "target",
    "DNS",
    "connection",
    "closed",
    "clock",
    "credentials",
    "identity",
    "signature",
    "permission",
    "health",
    "protocol",
    "tools",
    "round trip",
];

/// Runs the program as a user does.
async fn doctor(stack: &Stack, identity: &Identity, target: &str) -> Examined {
    run(stack, identity, &[target], Path::new("/nonexistent")).await
}

async fn run(stack: &Stack, identity: &Identity, arguments: &[&str], aws_files: &Path) -> Examined {
    let mut command = Command::new(program("mcp-sigv4"));
    command.arg("doctor").args(arguments).env_clear();
    command.env("AWS_SHARED_CREDENTIALS_FILE", aws_files);
    command.env("HOME", "/nonexistent").env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", &identity.access_key).env("AWS_SECRET_ACCESS_KEY", &identity.secret);
    if let Some((token, _)) = &identity.session {
        command.env("AWS_SESSION_TOKEN", token);
    }
    command.env("AWS_ENDPOINT_URL", stack.agentcore_endpoint());
    let run = tokio::task::spawn_blocking(move || command.output());
    let Output { status, stdout, stderr } = run.await.expect("not cancelled").expect("runs");
    let text = String::from_utf8(stdout).expect("text");
    assert!(stderr.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    assert!(!text.contains(&identity.secret), "a secret is never printed:\n{text}");
    Examined { text, code: status.code() }
}

fn both(stack: &Stack) -> [String; 2] {
    [stack.runtime_arn(), stack.function_url()]
}

#[tokio::test]
async fn a_sound_deployment_passes_every_check() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    for target in both(&stack) {
        let examined = doctor(&stack, &caller, &target).await;
        examined.passes(&ALL);
        assert_eq!(examined.code, Some(0));
        assert!(examined.line("identity").contains(&caller.arn));
        assert!(examined.line("protocol").contains("2025-11-25 by initialize, 2026-07-28 stateless"));
        assert!(examined.line("tools").contains("3: add_numbers, multiply_numbers, greet_user"));
    }
}

#[tokio::test]
async fn a_wrong_secret_is_named() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    let forger = Identity { secret: "not-the-secret".to_owned(), ..caller.clone() };
    for target in both(&stack) {
        let examined = doctor(&stack, &forger, &target).await;
        examined.fails("identity", "signature we calculated does not match", "check the secret access key");
        examined.fails("signature", "signature we calculated does not match", "check the secret access key");
        examined.does_not_reach(&["permission", "health", "protocol", "tools", "round trip"]);
    }
}

#[tokio::test]
async fn an_expired_token_is_named() {
    let hour_ago = SystemTime::now() - Duration::from_hours(1);
    let expired = Identity::role("caller", shipped_policies(), hour_ago);
    let stack = start(config(&[&expired])).await;
    for target in both(&stack) {
        let examined = doctor(&stack, &expired, &target).await;
        examined.fails("identity", "expired", "renew the credentials");
        examined.fails(
            "signature",
            &format!("have expired (access key {})", expired.access_key),
            "renew them",
        );
    }
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let stranger = Identity::user("stranger", Vec::new());
    let stack = start(config(&[&stranger])).await;
    let examined = doctor(&stack, &stranger, &stack.runtime_arn()).await;
    examined.passes(&["identity", "signature"]);
    let needed = format!("must allow bedrock-agentcore:InvokeAgentRuntime on {}", stack.runtime_arn());
    examined.fails("permission", "user/stranger is not authorized to perform", &needed);
    let examined = doctor(&stack, &stranger, &stack.function_url()).await;
    examined.passes(&["identity", "signature"]);
    examined.fails(
        "permission",
        "403 Forbidden",
        "must allow lambda:InvokeFunctionUrl and lambda:InvokeFunction",
    );
}

#[tokio::test]
async fn a_wrong_region_is_named() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    for target in both(&stack) {
        // The host of the URL is the only one there is here, so its port must stay reachable.
        let elsewhere = target.replace("us-east-1", "eu-west-1");
        let examined = doctor(&stack, &caller, &elsewhere).await;
        examined.fails("signature", "not 'eu-west-1'", "check the region and the service");
    }
}

#[tokio::test]
async fn a_wrong_arn_is_named() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    let wrong = stack.runtime_arn().replace("rust_mcp-", "rusty_mcp-");
    let examined = doctor(&stack, &caller, &wrong).await;
    examined.fails("health", "(-32004)", "check the ARN, its account and region, and the qualifier");
}

#[tokio::test]
async fn a_container_that_is_down_is_named() {
    let caller = caller();
    let stack = start(with_argument("broken", &caller)).await;
    let examined = doctor(&stack, &caller, &stack.runtime_arn()).await;
    examined.passes(&["signature", "permission"]);
    let log = "/aws/bedrock-agentcore/runtimes/rust_mcp-localaws01-DEFAULT";
    examined.fails("health", "(-32010)", log);
    let examined = doctor(&stack, &caller, &stack.function_url()).await;
    examined.fails("health", "502", "sam logs");
}

#[tokio::test]
async fn a_server_that_checks_its_host_is_named() {
    let caller = caller();
    let stack = start(with_argument("host-checking", &caller)).await;
    let examined = doctor(&stack, &caller, &stack.runtime_arn()).await;
    examined.passes(&["signature", "permission"]);
    examined.fails("health", "Host header is not allowed", "turn its check of the Host header off");
}

#[tokio::test]
async fn a_clock_that_is_off_by_ten_minutes_is_named() {
    let caller = caller();
    for (offset, side) in [(600, "behind"), (-600, "ahead of")] {
        let mut config = config(&[&caller]);
        config.clock_offset = offset;
        let stack = start(config).await;
        for target in both(&stack) {
            let examined = doctor(&stack, &caller, &target).await;
            examined.fails("clock", &format!("s {side} the server"), "set this machine's clock");
            // The client corrects for it, so the rest can be examined.
            examined.passes(&["identity", "signature", "permission", "health", "tools"]);
        }
    }
}

#[tokio::test]
async fn nothing_listening_is_named() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    let examined = doctor(&stack, &caller, "http://x.lambda-url.us-east-1.localhost:1/").await;
    examined.fails("connection", "Connection refused", "check the URL");
    examined.does_not_reach(&["signature", "permission", "health", "protocol"]);
    let no_tls = stack.function_url().replace("http:", "https:");
    let examined = doctor(&stack, &caller, &no_tls).await;
    examined.fails("connection", "", "a CA bundle for a proxy that opens TLS");
    let examined = doctor(&stack, &caller, "https://mcp.invalid/").await;
    examined.fails("target", "does not tell which AWS service to sign for", "--service");
    examined.does_not_reach(&ALL[1..]);
}

#[tokio::test]
async fn a_url_that_anybody_can_call_is_named() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    // As a function URL with AuthType NONE: a server with nothing in front of it.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let open = format!(
        "http://x.lambda-url.us-east-1.localhost:{}/mcp",
        listener.local_addr().expect("bound").port()
    );
    let tools = tool_core::mcp::tools();
    let never = std::future::pending();
    tokio::spawn(agentcore_server::serve(
        listener,
        agentcore_server::McpService::new(tools),
        never,
        agentcore_server::DRAIN_TIMEOUT,
    ));
    let examined = doctor(&stack, &caller, &open).await;
    examined.fails("closed", "anybody can call it", "AuthType: AWS_IAM");
}

#[tokio::test]
async fn a_profile_that_is_named_is_not_outdone_by_the_environment() {
    let (caller, stranger) = (caller(), Identity::user("stranger", Vec::new()));
    let stack = start(config(&[&caller, &stranger])).await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    let (key, secret) = (&stranger.access_key, &stranger.secret);
    let profile = format!("[least]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n");
    std::fs::write(file.path(), profile).expect("written");
    let target = stack.runtime_arn();
    let examined = run(&stack, &caller, &[&target, "--profile", "least"], file.path()).await;
    assert!(examined.line("identity").contains(&stranger.arn), "{}", examined.text);
}

#[tokio::test]
async fn no_credentials_are_named() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    let nobody = Identity { access_key: String::new(), secret: "none-at-all".to_owned(), ..caller.clone() };
    let examined = doctor(&stack, &nobody, &stack.runtime_arn()).await;
    examined.fails("credentials", "no AWS credentials found", "aws configure");
    examined.does_not_reach(&["identity", "signature", "permission", "health"]);
}

/// The fixture on both hosts, told how to misbehave.
fn with_argument(argument: &str, caller: &Identity) -> local_aws::Config {
    let server = |argument: &str| {
        let mut server = Server::new(program("examples/fixture"));
        server.arguments = vec![argument.to_owned()];
        server
    };
    let mut config = fixture(&[caller]);
    config.agentcore_server = server(argument);
    config.lambda_server = server("broken");
    config
}
