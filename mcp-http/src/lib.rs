//! The HTTP face that every host shares: an rmcp `ServerHandler` in, one streamable-HTTP
//! `tower::Service` out, stateless unless it is to have sessions.
//!
//! It knows neither a tool nor a platform. A host says where requests come from
//! ([`Origin`]) and runs the service; everything that must hold for any handler on any
//! host lives here: messages checked before they are dispatched, a panic answered, a
//! line logged per request.

mod envelope;
mod guard;
mod intake;
mod logging;
mod one_way;
mod origin;
mod params;
mod record;
mod refusal;
mod service;
mod sessions;

pub use intake::MAX_BODY_BYTES;
pub use logging::init_logging;
pub use origin::Origin;
pub use service::{Body, McpService};
