//! What calls cost on each host.

use super::{Cost, LaneCost, LoadSummary, StartSummary, Summary};
use crate::compare::cost::{Cheapest, CostModel, Usage};
use crate::compare::record::{Platform, Record};

pub(super) fn cost(
    record: &Record,
    starts: &[StartSummary],
    calmest: &LoadSummary,
    model: &CostModel,
) -> Option<Cost> {
    let lanes: Vec<Option<LaneCost>> = (0..record.lanes.len())
        .map(|lane| {
            let usage = usage(record, lane, &calmest.lanes[lane], starts.get(lane))?;
            Some(LaneCost { usage, bill: model.bill(&usage)? })
        })
        .collect();
    let known: Vec<usize> = (0..lanes.len()).filter(|lane| lanes[*lane].is_some()).collect();
    let usages: Vec<Usage> = lanes.iter().flatten().map(|cost| cost.usage).collect();
    let by_lane = |found: Vec<Cheapest>| -> Vec<Cheapest> {
        found.into_iter().map(|step| Cheapest { host: known[step.host], ..step }).collect()
    };
    (!known.is_empty()).then(|| Cost {
        model: model.clone(),
        by_calls_per_session: by_lane(model.cheapest_by_calls_per_session(&usages)),
        by_calls_per_hour: by_lane(model.cheapest_by_calls_per_hour(&usages)),
        lanes,
    })
}

/// What the host spends on a request: no more than what a caller waits under the calmest
/// load, less the way there and back.
fn usage(record: &Record, lane: usize, calm: &Summary, starts: Option<&StartSummary>) -> Option<Usage> {
    let lane = &record.lanes[lane];
    let start_ms = starts.and_then(|starts| Some(starts.cold_p50()? - starts.warm.p50?));
    let call_ms = calm.latency.mean? - lane.round_trip_ms.unwrap_or(0.0);
    // tools/list, and to begin with either server/discover, or initialize and its notification.
    let stateless = lane.protocol.as_deref().is_some_and(|version| version >= "2026");
    (lane.platform != Platform::Other).then(|| Usage {
        platform: lane.platform,
        call_ms: call_ms.max(0.0),
        start_ms: start_ms.unwrap_or(0.0).max(0.0),
        other_requests: if stateless { 2.0 } else { 3.0 },
    })
}
