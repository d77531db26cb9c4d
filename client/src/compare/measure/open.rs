//! Open load: calls that become due at a rate, whatever the answers do.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use super::recorder::busy;
use super::{Bench, Host};
use crate::compare::distribution::count;
use crate::compare::plan::Load;

/// The most calls that are on their way to a host at once; others wait, and their time
/// counts.
pub(in crate::compare) const MOST_IN_FLIGHT: usize = 512;

/// A call that has become due.
struct Due {
    /// Which call of its host it is.
    turn: usize,
    at: Instant,
}

/// The calls of one host.
#[derive(Clone, Copy)]
struct Schedule {
    calls: usize,
    rounds: usize,
    rate: f64,
    first: Instant,
}

impl Bench<'_> {
    /// Calls at a rate on each host. Each call takes from when it was due, so a host that
    /// stalls is charged for every call that would have met the stall, and not only for the
    /// one that did. The hosts' calls alternate.
    pub(super) async fn open(&self, hosts: &[Host], rate: f64) {
        let load = Load::Open { rate };
        let calls = self.plan.calls(load).unwrap_or_default();
        let rounds = self.plan.rounds(load);
        self.begins(load.to_string(), calls * hosts.len());
        self.record.load(load);
        self.warm_up(hosts, self.plan.connections()).await;
        let (began, busy_before) = (Instant::now(), busy());
        join_all(hosts.iter().enumerate().map(|(index, host)| {
            let after = count(index as u64) / count(hosts.len() as u64) / rate;
            let first = began + Duration::from_secs_f64(after);
            self.open_host(host, Schedule { calls, rounds, rate, first }, busy_before)
        }))
        .await;
    }

    async fn open_host(&self, host: &Host, schedule: Schedule, busy_before: Duration) {
        let mut due = schedule.start();
        let mut in_flight = FuturesUnordered::new();
        let mut held: VecDeque<Due> = VecDeque::new();
        let mut coming = true;
        while coming || !in_flight.is_empty() {
            if coming && self.record.gave_up(host.lane) {
                // What comes no more is nobody's loss; what is on its way is waited for.
                coming = false;
                due.close();
                held.clear();
                continue;
            }
            tokio::select! {
                call = due.recv(), if coming => match call {
                    Some(call) => {
                        let late = call.at.elapsed();
                        let on_their_way = in_flight.len();
                        self.record.measured(host.lane, |measured| {
                            measured.late.answered(late);
                            measured.held += u64::from(on_their_way >= MOST_IN_FLIGHT);
                        });
                        held.push_back(call);
                    }
                    None => coming = false,
                },
                Some(()) = in_flight.next() => {
                    self.record.measured(host.lane, |measured| {
                        measured.seconds = schedule.first.elapsed().as_secs_f64();
                        measured.busy_seconds = busy().saturating_sub(busy_before).as_secs_f64();
                    });
                }
            }
            while in_flight.len() < MOST_IN_FLIGHT
                && let Some(call) = held.pop_front()
            {
                in_flight.push(self.due_call(host, call, schedule));
            }
        }
    }

    async fn due_call(&self, host: &Host, due: Due, schedule: Schedule) {
        if !self.record.gave_up(host.lane)
            && let Some(client) = host.clients.get(due.turn % host.clients.len().max(1))
        {
            let round = due.turn * schedule.rounds / schedule.calls;
            let outcome = self.call(host, client, due.turn, due.at).await;
            self.record.round(host.lane, round, |round| outcome.count_in(&mut round.calls));
        }
        self.step();
    }
}

impl Schedule {
    /// Sends each call when it becomes due. From a thread of its own: the runtime's timer
    /// goes by milliseconds, which is longer than a call on a local host takes.
    fn start(self) -> mpsc::UnboundedReceiver<Due> {
        let (sender, receiver) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for turn in 0..self.calls {
                let at = self.first + Duration::from_secs_f64(count(turn as u64) / self.rate);
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                // Nobody listens any more where the measuring was ended early.
                if sender.send(Due { turn, at }).is_err() {
                    return;
                }
            }
        });
        receiver
    }
}
