//! Closed load: callers that wait for their answer before they call again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures::future::join_all;

use super::call::PAUSE_AFTER_FAILURE;
use super::recorder::busy;
use super::{Bench, Host};
use crate::compare::distribution::count;
use crate::compare::plan::{Amount, Load};

/// A host's turn: so many callers, until enough is done.
struct Turn<'a> {
    host: &'a Host,
    callers: usize,
    round: usize,
    began: Instant,
    /// Calls that are left, where they are counted.
    left: AtomicUsize,
    /// Seconds that are allowed, where they are.
    seconds: f64,
}

impl Turn<'_> {
    /// Whether there is to be one more call.
    fn goes_on(&self) -> bool {
        let counted = |left: usize| left.checked_sub(1);
        self.began.elapsed().as_secs_f64() < self.seconds
            && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counted).is_ok()
    }
}

impl Bench<'_> {
    /// So many callers on each host. The hosts take turns, in an order that is drawn for
    /// each round, so that whatever drifts hits all alike.
    pub(super) async fn closed(&self, hosts: &[Host], callers: usize) {
        let load = Load::Closed { callers };
        let rounds = self.plan.rounds(load);
        self.begins(load.to_string(), rounds * hosts.len());
        self.record.load(load);
        self.warm_up(hosts, callers).await;
        let seconds = match self.plan.amount {
            Amount::Seconds(seconds) => seconds / count(rounds as u64),
            Amount::Calls(_) => f64::INFINITY,
        };
        // The first rounds take what cannot be shared out evenly.
        let calls =
            |round| self.plan.calls(load).map(|calls| calls / rounds + usize::from(round < calls % rounds));
        let mut random = fastrand::Rng::with_seed(u64::from(self.plan.seed));
        let mut order: Vec<&Host> = hosts.iter().collect();
        for round in 0..rounds {
            random.shuffle(&mut order);
            for host in &order {
                if !self.record.gave_up(host.lane) {
                    let left = AtomicUsize::new(calls(round).unwrap_or(usize::MAX));
                    self.turn(Turn { host, callers, round, began: Instant::now(), left, seconds }).await;
                }
                self.step();
            }
        }
    }

    async fn turn(&self, turn: Turn<'_>) {
        let busy_before = busy();
        let callers = turn.host.clients.iter().take(turn.callers);
        let turn = &turn;
        let callers = callers.map(|client| async move {
            while turn.goes_on() && !self.record.gave_up(turn.host.lane) {
                // On from where the last round ended: all of the workload is to be called.
                let next = turn.host.next.fetch_add(1, Ordering::Relaxed);
                let outcome = self.call(turn.host, client, next, Instant::now()).await;
                self.record.round(turn.host.lane, turn.round, |round| {
                    round.seconds += outcome.took.as_secs_f64() / count(turn.callers as u64);
                    outcome.count_in(&mut round.calls);
                });
                if outcome.failure.is_some() {
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        });
        join_all(callers).await;
        self.record.measured(turn.host.lane, |measured| {
            measured.seconds += turn.began.elapsed().as_secs_f64();
            measured.busy_seconds += busy().saturating_sub(busy_before).as_secs_f64();
        });
    }
}
