//! Starts: from nothing to the first answer, and the same again.

use std::time::Instant;

use futures::future::join_all;

use super::pacer::SESSIONS_AT_ONCE;
use super::{Bench, Host, new_session};
use crate::client::{Client, Prepared};
use crate::compare::record::{Burst, Platform, Start, Starts};

/// Which of a host's bursts it is.
type Part = fn(&mut Starts) -> &mut Burst;

fn cold(starts: &mut Starts) -> &mut Burst {
    &mut starts.cold
}

fn warm(starts: &mut Starts) -> &mut Burst {
    &mut starts.warm
}

impl Bench<'_> {
    /// Has each host start many times at once, and again on what runs by then.
    ///
    /// AgentCore runs each session in a microVM of its own, so a new session is a start.
    /// Lambda starts an environment for a request that finds none idle, so requests that
    /// come at once are starts, but for those that meet one from before. A host that was
    /// measured under another protocol already has its environments running.
    pub(super) async fn starts(&self, hosts: &mut [Host]) {
        let targets: Vec<String> = hosts.iter().map(|host| host.connector.target().to_string()).collect();
        self.begins("cold starts".to_owned(), 2 * self.plan.starts * hosts.len());
        self.record.with(|record| record.starts = vec![Starts::default(); hosts.len()]);
        for (index, host) in hosts.iter_mut().enumerate() {
            if host.platform != Platform::AgentCore && targets[..index].contains(&targets[index]) {
                continue;
            }
            let sessions: Vec<_> = (0..self.plan.starts).map(|_| new_session(host.platform)).collect();
            let at_once = match host.platform {
                Platform::AgentCore => SESSIONS_AT_ONCE,
                Platform::Lambda | Platform::Other => self.plan.starts,
            };
            for part in [cold as Part, warm] {
                for sessions in sessions.chunks(at_once) {
                    self.burst(host, sessions, part).await;
                }
            }
            host.sessions.extend(sessions.into_iter().flatten());
        }
    }

    async fn burst(&self, host: &Host, sessions: &[Option<String>], part: Part) {
        if self.record.gave_up(host.lane) {
            return;
        }
        let prepared = sessions.iter().map(|session| host.connector.prepare(session.clone()));
        let prepared = match prepared.collect::<Result<Vec<_>, _>>() {
            Ok(prepared) => prepared,
            Err(error) => return self.record.give_up(host.lane, &error),
        };
        if host.platform == Platform::AgentCore {
            self.pacer.wait(u32::try_from(sessions.len()).unwrap_or(u32::MAX)).await;
        }
        let clients = join_all(prepared.into_iter().map(|prepared| self.start(host, prepared, part))).await;
        for client in clients.into_iter().flatten() {
            client.close().await;
        }
    }

    async fn start(&self, host: &Host, prepared: Prepared, part: Part) -> Option<Client> {
        let began = Instant::now();
        let connected = prepared.connect().await;
        let handshake_ms = began.elapsed().as_secs_f64() * 1e3;
        let (client, failure) = match connected {
            Ok(client) => {
                let outcome = self.call(host, &client, 0, began).await;
                (Some(client), outcome.failure)
            }
            Err(error) => (None, Some(self.record.failure(host.lane, &error))),
        };
        let answered_ms = began.elapsed().as_secs_f64() * 1e3;
        self.record.with(|record| {
            let burst = part(&mut record.starts[host.lane]);
            match failure {
                None => burst.answered.push(Start { handshake_ms, answered_ms }),
                Some(kind) => *burst.failed.entry(kind).or_default() += 1,
            }
        });
        self.step();
        client
    }
}
