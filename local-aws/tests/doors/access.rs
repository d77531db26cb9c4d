//! Who is let in, and what the others are told.

use std::time::{Duration, SystemTime};

use crate::common::{
    call, caller, config, connect, function_url, options, runtime, shipped_policies, start, targets,
};
use local_aws::{Identity, Policy, function_arn, runtime_arn};
use mcp_sigv4::{Client, Error, Options, Signing, Target};
use serde_json::json;

fn policy(statements: &serde_json::Value) -> Vec<Policy> {
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    vec![Policy::parse("test", &document.to_string()).expect("a policy")]
}

async fn refusal(target: Target, identity: &Identity) -> String {
    let error = connect(target, identity).await.expect_err("must not be let in");
    assert!(matches!(&error, Error::Forbidden(forbidden) if forbidden.status == 403), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn an_unsigned_call_is_refused() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    for (host, target) in targets(&stack) {
        let options = Options { signing: Signing::Unsigned, ..options(&caller) };
        let error = Client::connect(target, options).await.expect_err("must not be let in").to_string();
        assert!(error.starts_with("403 from "), "{host}: {error}");
        assert!(error.contains("the request was not signed; leave out --unsigned"), "{host}: {error}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    let forger = Identity { secret: "wrong".to_owned(), ..caller.clone() };
    for (host, target) in targets(&stack) {
        let error = refusal(target, &forger).await;
        assert!(error.contains("signature we calculated does not match"), "{host}: {error}");
        assert!(error.contains("check the secret access key"), "{host}: {error}");
        assert!(!error.contains("wrong"), "a secret is never printed: {error}");
    }
}

#[tokio::test]
async fn an_identity_without_the_policy_is_refused_and_told_what_it_needs() {
    let (caller, stranger) = (caller(), Identity::user("stranger", Vec::new()));
    let stack = start(config(&[&caller, &stranger])).await;
    let error = refusal(runtime(&stack), &stranger).await;
    let needed = format!("must allow bedrock-agentcore:InvokeAgentRuntime on {0} and {0}/*", runtime_arn());
    assert!(error.contains(&needed), "{error}");
    let error = refusal(function_url(&stack), &stranger).await;
    assert!(error.contains("must allow lambda:InvokeFunctionUrl and lambda:InvokeFunction"), "{error}");
    assert!(error.contains(&stranger.access_key), "{error}");
}

#[tokio::test]
async fn unknown_keys_are_refused() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    for (host, target) in targets(&stack) {
        let error = refusal(target, &crate::common::caller()).await;
        assert!(error.contains("AWS does not know these credentials"), "{host}: {error}");
    }
}

#[tokio::test]
async fn another_region_or_service_is_refused() {
    let caller = caller();
    let stack = start(config(&[&caller])).await;
    for (host, target) in targets(&stack) {
        let error = refusal(target.clone().with_region("eu-west-1"), &caller).await;
        assert!(error.contains("not 'eu-west-1'"), "{host}: {error}");
        let error = refusal(target.with_service("execute-api"), &caller).await;
        assert!(error.contains("correct service"), "{host}: {error}");
    }
}

#[tokio::test]
async fn temporary_credentials_need_their_token_and_their_time() {
    let hour = Duration::from_hours(1);
    let role = Identity::role("caller", shipped_policies(), SystemTime::now() + hour);
    let expired = Identity::role("caller", shipped_policies(), SystemTime::now() - hour);
    let stack = start(config(&[&role, &expired])).await;
    for (host, target) in targets(&stack) {
        let client = connect(target.clone(), &role).await.unwrap_or_else(|error| panic!("{host}: {error}"));
        assert_eq!(call(&client, "add_numbers", r#"{"a": 5, "b": 3}"#).await, "8");
        let without_token = Identity { session: None, ..role.clone() };
        refusal(target.clone(), &without_token).await;
        let error = connect(target, &expired).await.expect_err("expired");
        assert!(matches!(error, Error::ExpiredToken(_)), "{host}: {error:?}");
    }
}

#[tokio::test]
async fn a_function_url_takes_both_actions() {
    let function = function_arn();
    let by_url = json!({ "Effect": "Allow", "Action": "lambda:InvokeFunctionUrl", "Resource": function });
    let invoke = json!({ "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function });
    let only_url = Identity::user("a", policy(&json!([by_url])));
    let only_invoke = Identity::user("b", policy(&json!([invoke])));
    let both = Identity::user("c", policy(&json!([by_url, invoke])));
    let stack = start(config(&[&only_url, &only_invoke, &both])).await;
    refusal(function_url(&stack), &only_url).await;
    refusal(function_url(&stack), &only_invoke).await;
    assert!(connect(function_url(&stack), &both).await.is_ok());
}

#[tokio::test]
async fn a_policy_for_another_runtime_is_no_policy_for_this_one() {
    let other = runtime_arn().replace("rust_mcp", "other_mcp");
    let allow = json!([{ "Effect": "Allow", "Action": "bedrock-agentcore:*", "Resource": other }]);
    let identity = Identity::user("other", policy(&allow));
    let stack = start(config(&[&identity])).await;
    refusal(runtime(&stack), &identity).await;
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_once() {
    let caller = caller();
    for offset in [-3600, 3600] {
        let mut config = config(&[&caller]);
        config.clock_offset = offset;
        let stack = start(config).await;
        for (host, target) in targets(&stack) {
            let client =
                connect(target, &caller).await.unwrap_or_else(|error| panic!("{host} {offset}: {error}"));
            assert_eq!(call(&client, "add_numbers", r#"{"a": 5, "b": 3}"#).await, "8");
        }
    }
}
