//! One call: made, judged, and written down.

use std::time::{Duration, Instant};

use futures::future::join_all;

use super::pacer::SESSIONS_AT_ONCE;
use super::{Bench, Host};
use crate::client::Client;
use crate::compare::distribution::Distribution;
use crate::compare::failure::{NO_ERROR, TOOL_ERROR, is_answer};
use crate::compare::record::Platform;
use crate::compare::sameness::Ending;

/// How long a caller waits after a failure, so that a host in trouble is not hammered.
pub(super) const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// What became of a call: how long it took, if it ended as it is to, or else the kind of
/// failure.
pub(super) struct Outcome {
    pub(super) took: Duration,
    pub(super) failure: Option<String>,
}

impl Outcome {
    /// Counts the call among others.
    pub(super) fn count_in(&self, calls: &mut Distribution) {
        match &self.failure {
            None => calls.answered(self.took),
            Some(kind) => calls.failed(kind),
        }
    }
}

impl Bench<'_> {
    /// Makes a call of the workload, which takes from when it was due. A failure is written
    /// down with the host, and counts towards giving it up.
    pub(super) async fn call(&self, host: &Host, client: &Client, turn: usize, due: Instant) -> Outcome {
        let (index, call) = self.plan.workload.at(turn);
        let answer = client.call_tool(&call.tool, call.arguments.clone()).await;
        let took = due.elapsed();
        let ending = match &answer {
            Ok(result) => Some(Ending::of(Some(result))),
            Err(error) => is_answer(error, host.platform).then_some(Ending::Refusal),
        };
        let failure = match answer {
            _ if ending == Some(host.endings[index]) => None,
            Err(error) => Some(self.record.failure(host.lane, &error)),
            // The other way round than when the answers were compared.
            Ok(result) => {
                let kind = if result.is_error == Some(true) { TOOL_ERROR } else { NO_ERROR };
                self.record.failed(host.lane, kind);
                Some(kind.to_owned())
            }
        };
        if failure.is_none() {
            self.record.answered(host.lane);
        }
        Outcome { took, failure }
    }

    /// Calls that are not measured: connections are opened, caches filled. A session that
    /// was idle for long may begin anew, so no more at once than may begin.
    pub(super) async fn warm_up(&self, hosts: &[Host], connections: usize) {
        for host in hosts {
            for clients in host.clients[..connections.min(host.clients.len())].chunks(SESSIONS_AT_ONCE) {
                if self.record.gave_up(host.lane) {
                    break;
                }
                if host.platform == Platform::AgentCore {
                    self.pacer.wait(u32::try_from(clients.len()).unwrap_or(u32::MAX)).await;
                }
                join_all(clients.iter().map(|client| self.warm_up_one(host, client))).await;
            }
        }
    }

    async fn warm_up_one(&self, host: &Host, client: &Client) {
        for turn in 0..self.plan.warm_up {
            if let Some(kind) = self.call(host, client, turn, Instant::now()).await.failure {
                return self.record.beforehand(host.lane, kind);
            }
        }
    }
}
