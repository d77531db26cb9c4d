//! Open load: calls that become due at a rate, whatever the answers do.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use super::closed::Call;
use super::recorder::busy;
use super::{Bench, Host};
use crate::compare::distribution::count;
use crate::compare::plan::{Amount, Load};

/// The most calls that are on their way at once; others wait, and their time counts.
pub(crate) const MOST_IN_FLIGHT: usize = 512;

/// A call that has become due.
struct Due {
    host: usize,
    /// Which call of that host it is.
    turn: usize,
    at: Instant,
}

impl Bench<'_> {
    /// Calls at a rate on each host. Each call takes from when it was due, so a host that
    /// stalls is charged for every call that would have met the stall, and not only for the
    /// one that did. The hosts' calls alternate.
    pub(super) async fn open(&self, hosts: &[Host], rate: f64) {
        let load = Load::Open { rate };
        let calls = self.open_calls(rate);
        self.begins(load.to_string(), calls * hosts.len());
        self.record.load(load);
        self.warm_up(hosts, self.plan.connections()).await;
        let began = Instant::now();
        let busy_before = busy();
        let mut due = schedule(hosts.len(), calls, rate, began);
        let mut in_flight = FuturesUnordered::new();
        loop {
            tokio::select! {
                call = due.recv(), if in_flight.len() < MOST_IN_FLIGHT => match call {
                    Some(call) => in_flight.push(self.due_call(hosts, call, (calls, rate), began)),
                    None => break,
                },
                Some(()) = in_flight.next() => {}
            }
        }
        while in_flight.next().await.is_some() {}
        let busy_seconds = busy().saturating_sub(busy_before).as_secs_f64() / count(hosts.len() as u64);
        for host in hosts {
            self.record.measured(host.lane, |measured| measured.busy_seconds = busy_seconds);
        }
        self.spread_time(hosts, count(calls as u64) / rate);
    }

    async fn due_call(&self, hosts: &[Host], due: Due, (calls, rate): (usize, f64), began: Instant) {
        let host = &hosts[due.host];
        if !self.record.gave_up(host.lane) {
            let late = due.at.elapsed();
            self.record.measured(host.lane, |measured| measured.late.answered(late));
            let client = &host.clients[due.turn % host.clients.len()];
            let round = due.turn * self.plan.rounds / calls;
            let seconds_before =
                count(calls as u64) / rate * count(round as u64) / count(self.plan.rounds as u64);
            let round_began = began + Duration::from_secs_f64(seconds_before);
            self.call(host, Call { client, turn: due.turn, due: due.at, round, round_began }).await;
        }
        self.step();
    }

    /// The rounds are stretches of the same time.
    fn spread_time(&self, hosts: &[Host], seconds: f64) {
        for host in hosts {
            self.record.measured(host.lane, |measured| {
                let each = seconds / count(self.plan.rounds as u64);
                measured.rounds.iter_mut().for_each(|round| round.seconds = each);
            });
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count, checked to be moderate"
    )]
    fn open_calls(&self, rate: f64) -> usize {
        match self.plan.amount {
            Amount::Calls(calls) => calls,
            Amount::Seconds(seconds) => (seconds * rate).ceil() as usize,
        }
    }
}

/// Sends each call when it becomes due. From a thread of its own: the runtime's timer goes
/// by milliseconds, which is longer than a call on a local host takes.
fn schedule(hosts: usize, calls: usize, rate: f64, began: Instant) -> mpsc::UnboundedReceiver<Due> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for turn in 0..calls {
            for host in 0..hosts {
                let after = (count(turn as u64) + count(host as u64) / count(hosts as u64)) / rate;
                let at = began + Duration::from_secs_f64(after);
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                // Nobody listens any more where the measuring was ended early.
                if sender.send(Due { host, turn, at }).is_err() {
                    return;
                }
            }
        }
    });
    receiver
}
