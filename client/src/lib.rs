//! A client for MCP servers behind AWS IAM: every request is signed with SigV4.
//!
//! ```no_run
//! # async fn example() -> Result<(), mcp_sigv4::Error> {
//! use mcp_sigv4::{Client, Options, Target};
//!
//! let target: Target = "https://abc123.lambda-url.us-east-1.on.aws/".parse()?;
//! let client = Client::connect(target, Options::default()).await?;
//! for tool in client.list_tools().await? {
//!     println!("{}", tool.name);
//! }
//! client.close().await;
//! # Ok(())
//! # }
//! ```

mod arguments;
mod aws_api;
mod aws_host;
mod aws_http;
mod client;
pub mod compare;
mod credentials;
mod delivery;
mod demo;
mod denial;
pub mod doctor;
mod error;
mod exchange;
mod http;
mod named;
pub mod proxy;
mod questions;
mod retry;
mod signer;
mod signing;
mod target;
mod transport;

pub use arguments::{ArgumentError, from_pairs};
pub use aws_api::endpoint_of;
pub use aws_credential_types::Credentials;
pub use aws_credential_types::provider::SharedCredentialsProvider;
pub use client::{Client, Options, Protocol, Retries};
pub use demo::{Demo, DemoError};
pub use error::{Error, Forbidden, Identity};
pub use named::Named;
pub use questions::Forms;
pub use rmcp::model::{CallToolResult, JsonObject, Tool};
pub use signing::Signing;
pub use target::{Kind, Target, TargetError};
