//! The price table: one file, dated, sourced and replaceable.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What AWS charges, in US dollars.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The day on which they were read.
    pub as_of: String,
    /// The region that they are for.
    pub region: String,
    /// Where they were read.
    pub sources: Vec<String>,
    pub(super) lambda: LambdaPrices,
    pub(super) agentcore: AgentCorePrices,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LambdaPrices {
    pub(super) usd_per_million_requests: f64,
    pub(super) usd_per_gb_second: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentCorePrices {
    pub(super) usd_per_vcpu_hour: f64,
    pub(super) usd_per_gb_hour: f64,
    pub(super) least_mb: f64,
    pub(super) least_seconds: f64,
}

/// A price that is none.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a price must be a number, and not negative")]
pub struct PriceError;

impl Prices {
    /// Reads a table in the form of the one that is shipped.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(json: &[u8]) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let prices: Self = serde_json::from_slice(json)?;
        let (lambda, agentcore) = (&prices.lambda, &prices.agentcore);
        let numbers = [
            lambda.usd_per_million_requests,
            lambda.usd_per_gb_second,
            agentcore.usd_per_vcpu_hour,
            agentcore.usd_per_gb_hour,
            agentcore.least_mb,
            agentcore.least_seconds,
        ];
        let fine = numbers.iter().all(|number| number.is_finite() && *number >= 0.0);
        if fine { Ok(prices) } else { Err(PriceError.into()) }
    }
}

impl Default for Prices {
    /// The table that is shipped.
    fn default() -> Self {
        serde_json::from_str(include_str!("prices.json")).expect("the shipped table is well-formed")
    }
}
