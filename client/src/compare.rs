//! Which host should the tools live on? The same calls on several hosts: whether the answers
//! are the same, how long they take cold and warm, and what they cost.
//!
//! [`measure`] carries out a [`Plan`] and fills a [`Record`]. [`Findings`] are computed from
//! the record alone, as often as need be. [`text`] and [`page`] show both.

mod baseline;
mod chart;
mod cost;
mod distribution;
mod failure;
mod findings;
mod measure;
mod page;
mod plan;
mod prices;
mod record;
mod sameness;
mod statistics;
mod text;
mod warnings;
mod words;
mod workload;

pub use baseline::{Regression, comparable};
pub use cost::{Assumptions, Bill, Cheapest, CostModel, Usage};
pub use distribution::Distribution;
pub use findings::{Cost, Figures, Findings, LaneCost, LoadSummary, Question, StartSummary, Summary};
pub use measure::{Progress, Subject, begin, measure, shown};
pub use page::page;
pub use plan::{Amount, Load, Plan};
pub use prices::{PriceError, Prices};
pub use record::{
    Burst, Lane, LoadRecord, Machine, Measured, Platform, Record, RecordError, Round, Start, Starts,
};
pub use sameness::Difference;
pub use statistics::{Interval, Pairing, Quantity, ratio};
pub use text::{Style, text};
pub use workload::{ToolCall, Workload, WorkloadError};

#[cfg(test)]
mod tests;
