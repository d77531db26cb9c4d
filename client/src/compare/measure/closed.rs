//! Closed load: callers that wait for their answer before they call again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;

use super::recorder::busy;
use super::{Bench, Host, PAUSE_AFTER_FAILURE};
use crate::client::Client;
use crate::compare::distribution::count;
use crate::compare::failure::TOOL_ERROR;
use crate::compare::plan::{Amount, Load};
use crate::error::Error;

/// A call to be made.
pub(super) struct Call<'a> {
    pub(super) client: &'a Client,
    /// Which call of the workload it is, around and around.
    pub(super) turn: usize,
    /// From when it takes time.
    pub(super) due: Instant,
    pub(super) round: usize,
    pub(super) round_began: Instant,
}

#[derive(PartialEq)]
pub(super) enum Outcome {
    Answered,
    Failed,
}

impl Bench<'_> {
    /// So many callers on each host. The hosts take turns, in an order that is drawn for
    /// each round, so that whatever drifts hits all alike.
    pub(super) async fn closed(&self, hosts: &[Host], callers: usize) {
        let load = Load::Closed { callers };
        self.begins(load.to_string(), self.plan.rounds * hosts.len());
        self.record.load(load);
        self.warm_up(hosts, callers).await;
        let mut random = fastrand::Rng::with_seed(u64::from(self.plan.seed));
        let mut order: Vec<&Host> = hosts.iter().collect();
        for round in 0..self.plan.rounds {
            random.shuffle(&mut order);
            for host in &order {
                if !self.record.gave_up(host.lane) {
                    self.turn(host, callers, round).await;
                }
                self.step();
            }
        }
    }

    /// Calls that are not counted: connections are opened, caches filled.
    pub(super) async fn warm_up(&self, hosts: &[Host], callers: usize) {
        for host in hosts.iter().filter(|host| !self.record.gave_up(host.lane)) {
            let callers = host.clients.iter().take(callers).map(|client| async move {
                for turn in 0..self.plan.warm_up {
                    let (_, call) = self.plan.workload.at(turn);
                    // What fails will fail again, and is counted then.
                    let _ = client.call_tool(&call.tool, call.arguments.clone()).await;
                }
            });
            join_all(callers).await;
        }
    }

    /// One round on one host.
    async fn turn(&self, host: &Host, callers: usize, round: usize) {
        let began = Instant::now();
        let busy_before = busy();
        let left = AtomicUsize::new(self.calls_in(round));
        let enough = || match self.plan.amount {
            Amount::Seconds(seconds) => {
                // Each caller calls once, however long a call takes.
                let end = Duration::from_secs_f64(seconds / count(self.plan.rounds as u64));
                began.elapsed() >= end
            }
            Amount::Calls(_) => {
                left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
            }
        };
        let callers = host.clients.iter().take(callers).enumerate().map(|(caller, client)| {
            let enough = &enough;
            async move {
                let mut turn = caller;
                while !enough() && !self.record.gave_up(host.lane) {
                    let call = Call { client, turn, due: Instant::now(), round, round_began: began };
                    if self.call(host, call).await == Outcome::Failed {
                        tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                    }
                    turn += 1;
                }
            }
        });
        join_all(callers).await;
        let busy_seconds = busy().saturating_sub(busy_before).as_secs_f64();
        self.record.measured(host.lane, |measured| measured.busy_seconds += busy_seconds);
        self.record.round(host.lane, round, |round| round.seconds = began.elapsed().as_secs_f64());
    }

    /// Makes one call and writes down what came of it.
    pub(super) async fn call(&self, host: &Host, call: Call<'_>) -> Outcome {
        let Call { client, turn, due, round, round_began } = call;
        let (index, call) = self.plan.workload.at(turn);
        let answer = client.call_tool(&call.tool, call.arguments.clone()).await;
        let took = due.elapsed();
        let is_error = match &answer {
            Ok(answer) => Some(answer.is_error == Some(true)),
            Err(Error::Rpc { .. }) if host.errors[index] => Some(true),
            Err(_) => None,
        };
        let failure = match (answer, is_error) {
            (_, Some(is_error)) if is_error == host.errors[index] => None,
            (Err(error), _) => Some(self.record.failure(host.lane, &error)),
            (Ok(_), _) => {
                self.record.failed(host.lane, TOOL_ERROR);
                Some(TOOL_ERROR.to_owned())
            }
        };
        self.record.round(host.lane, round, |round| {
            round.seconds = round_began.elapsed().as_secs_f64();
            match &failure {
                None => round.calls.answered(took),
                Some(kind) => round.calls.failed(kind),
            }
        });
        if failure.is_some() {
            return Outcome::Failed;
        }
        self.record.answered(host.lane);
        Outcome::Answered
    }

    /// The calls of one round, where they are counted; the first rounds take what is over.
    fn calls_in(&self, round: usize) -> usize {
        match self.plan.amount {
            Amount::Seconds(_) => 0,
            Amount::Calls(calls) => calls / self.plan.rounds + usize::from(round < calls % self.plan.rounds),
        }
    }
}
