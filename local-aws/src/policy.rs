//! IAM policies: the documents this project ships, filled in, and the decision they come to.

use std::fs;
use std::path::{Path, PathBuf};

use iam_rs::{Arn, Context, Decision, IAMPolicy, IAMRequest, Principal, PrincipalId, evaluate_policies};
use thiserror::Error;

use crate::account::{ACCOUNT, FUNCTION_NAME, REGION, RUNTIME_ID};

/// A policy document.
#[derive(Clone, Debug)]
pub struct Policy(IAMPolicy);

/// A document that cannot be used.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("read the policy {path}: {error}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The text is no policy document.
    #[error("the policy {name} is not an IAM policy document: {error}")]
    Malformed {
        /// Which document.
        name: String,
        /// What is wrong.
        error: serde_json::Error,
    },
}

impl Policy {
    /// Reads a policy document.
    ///
    /// # Errors
    /// [`PolicyError::Malformed`], under the name given.
    pub fn parse(name: &str, document: &str) -> Result<Self, PolicyError> {
        let malformed = |error| PolicyError::Malformed { name: name.to_owned(), error };
        serde_json::from_str(document).map(Self).map_err(malformed)
    }
}

/// The caller policies that this project ships, filled in for the account played here as
/// the README's commands fill them in for a real one.
///
/// # Errors
/// [`PolicyError`] for a file that is missing or no policy.
pub fn caller_policies(directory: &Path) -> Result<Vec<Policy>, PolicyError> {
    ["agentcore-caller.json", "function-url-caller.json"]
        .iter()
        .map(|name| {
            let path = directory.join(name);
            let unreadable = |error| PolicyError::Unreadable { path: path.clone(), error };
            let document = fs::read_to_string(&path).map_err(unreadable)?;
            Policy::parse(name, &fill_in(&document))
        })
        .collect()
}

fn fill_in(document: &str) -> String {
    document
        .replace("<aws-region>", REGION)
        .replace("<account-id>", ACCOUNT)
        .replace("<runtime-id>", RUNTIME_ID)
        .replace("<function-name>", FUNCTION_NAME)
}

/// Whether identity policies let a principal do something: some statement allows it and
/// none denies it.
pub(crate) fn allows(
    policies: &[Policy],
    principal: &str,
    action: &str,
    resource: &str,
    context: Context,
) -> bool {
    let Ok(resource) = Arn::parse(resource) else { return false };
    let principal = Principal::Aws(PrincipalId::String(principal.to_owned()));
    let request = IAMRequest::new_with_context(principal, action, resource, context);
    let documents: Vec<IAMPolicy> = policies.iter().map(|policy| policy.0.clone()).collect();
    match evaluate_policies(&documents, &request) {
        Ok(decision) => decision == Decision::Allow,
        Err(error) => {
            tracing::warn!(%error, action, "a policy could not be evaluated, so it denies");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    //! The evaluator against the cases that matter here.

    use serde_json::json;

    use super::*;
    use crate::account::{function_arn, runtime_arn};

    const USER: &str = "arn:aws:iam::123456789012:user/mcp-test-user";
    const INVOKE: &str = "bedrock-agentcore:InvokeAgentRuntime";

    fn policies(statements: &serde_json::Value) -> Vec<Policy> {
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        vec![Policy::parse("test", &document.to_string()).expect("a policy")]
    }

    fn decides(statements: &serde_json::Value, action: &str, resource: &str, context: Context) -> bool {
        allows(&policies(statements), USER, action, resource, context)
    }

    fn invokes(statements: &serde_json::Value) -> bool {
        decides(statements, INVOKE, &runtime_arn(), Context::new())
    }

    fn shipped() -> Vec<Policy> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
        caller_policies(&directory).expect("the shipped policies")
    }

    #[test]
    fn no_policy_allows_nothing() {
        assert!(!allows(&[], USER, INVOKE, &runtime_arn(), Context::new()));
        assert!(!invokes(&json!([])));
    }

    #[test]
    fn an_explicit_deny_overrides_any_allow() {
        let allow = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        let deny = json!({ "Effect": "Deny", "Action": INVOKE, "Resource": "*" });
        assert!(invokes(&json!([allow])));
        assert!(!invokes(&json!([allow, deny])));
        assert!(!invokes(&json!([deny, allow])));
    }

    #[test]
    fn wildcards_match_what_iam_matches() {
        for (action, resource, expected) in [
            ("bedrock-agentcore:*", "*", true),
            ("bedrock-agentcore:Invoke*", "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/*", true),
            (
                "bedrock-agentcore:InvokeAgentRuntim?",
                "arn:aws:bedrock-agentcore:*:*:runtime/rust_mcp-*",
                true,
            ),
            ("lambda:*", "*", false),
            (INVOKE, "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/other-*", false),
            (INVOKE, "arn:aws:bedrock-agentcore:us-east-1:999999999999:runtime/*", false),
            (INVOKE, "arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/*", false),
        ] {
            let statement = json!([{ "Effect": "Allow", "Action": action, "Resource": resource }]);
            assert_eq!(invokes(&statement), expected, "{action} on {resource}");
        }
    }

    #[test]
    fn action_names_are_compared_without_case() {
        assert!(invokes(
            &json!([{ "Effect": "Allow", "Action": "Bedrock-AgentCore:invokeagentruntime", "Resource": "*" }])
        ));
    }

    #[test]
    fn a_condition_on_an_absent_key_does_not_hold() {
        let statement = json!([{
            "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*",
            "Condition": { "Bool": { "lambda:InvokedViaFunctionUrl": "true" } },
        }]);
        let decide = |context| decides(&statement, "lambda:InvokeFunction", &function_arn(), context);
        assert!(decide(Context::new().with_boolean("lambda:InvokedViaFunctionUrl", true)));
        assert!(!decide(Context::new().with_boolean("lambda:InvokedViaFunctionUrl", false)));
        assert!(!decide(Context::new()));
    }

    #[test]
    fn the_shipped_policies_allow_their_own_runtime_and_no_other() {
        let invoke = |resource: &str| allows(&shipped(), USER, INVOKE, resource, Context::new());
        assert!(invoke(&runtime_arn()));
        assert!(invoke(&format!("{}/runtime-endpoint/DEFAULT", runtime_arn())));
        assert!(!invoke("arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/another-abcdefghij"));
        assert!(!allows(
            &shipped(),
            USER,
            "bedrock-agentcore:StopRuntimeSession",
            &runtime_arn(),
            Context::new()
        ));
    }

    #[test]
    fn the_shipped_policies_allow_the_function_through_its_url_only() {
        let decide = |action, context| allows(&shipped(), USER, action, &function_arn(), context);
        let iam = || Context::new().with_string("lambda:FunctionUrlAuthType", "AWS_IAM");
        assert!(decide("lambda:InvokeFunctionUrl", iam()));
        assert!(!decide(
            "lambda:InvokeFunctionUrl",
            Context::new().with_string("lambda:FunctionUrlAuthType", "NONE")
        ));
        assert!(decide(
            "lambda:InvokeFunction",
            Context::new().with_boolean("lambda:InvokedViaFunctionUrl", true)
        ));
        assert!(!decide("lambda:InvokeFunction", Context::new()));
    }
}
