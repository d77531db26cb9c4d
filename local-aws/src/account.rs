//! The account that is played: its number, its region, and what is deployed in it.

/// The account's number, the one of AWS's own examples.
pub const ACCOUNT: &str = "123456789012";

/// The one region there is.
pub const REGION: &str = "us-east-1";

/// The AgentCore runtime: a name and ten characters, as AWS makes them.
pub const RUNTIME_ID: &str = "rust_mcp-localaws01";

/// The Lambda function.
pub const FUNCTION_NAME: &str = "rust-mcp";

/// The label of the function's URL.
pub(crate) const URL_ID: &str = "rustmcp";

/// The ARN of the runtime.
#[must_use]
pub fn runtime_arn() -> String {
    format!("arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/{RUNTIME_ID}")
}

/// The ARN of the function.
#[must_use]
pub fn function_arn() -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION_NAME}")
}
