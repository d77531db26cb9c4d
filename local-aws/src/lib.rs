//! AWS's two front doors on loopback: the AgentCore data plane and a Lambda function URL,
//! for development, tests and the demo.
//!
//! Every request is verified and authorised as AWS does it, by code that shares nothing
//! with the client's signer and by the policy documents under `policies/`. Behind the
//! doors run real server processes: one per AgentCore session, one per concurrent Lambda
//! invocation.

mod account;
mod agentcore;
mod environment;
mod event;
mod function;
mod function_url;
mod gate;
mod identity;
mod policy;
mod process;
mod runtime_api;
mod sessions;
mod signature;
mod stack;
mod sts;

pub use account::{ACCOUNT, FUNCTION_NAME, REGION, RUNTIME_ID, function_arn, runtime_arn};
pub use function::InvokeMode;
pub use identity::{Identities, Identity};
pub use policy::{Policy, PolicyError, caller_policies};
pub use process::Server;
pub use stack::{Config, Stack};
