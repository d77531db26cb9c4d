//! Starts: from nothing to the first answer, and the same again.

use std::time::{Duration, Instant};

use futures::future::join_all;

use super::{Bench, Host, SESSIONS_PER_SECOND, new_session};
use crate::client::{Client, Prepared};
use crate::compare::record::{Platform, Start, Starts};
use crate::error::Error;

impl Bench<'_> {
    /// Has each host start many times at once, and again on what runs by then.
    ///
    /// AgentCore runs each session in a microVM of its own, so a new session is a start.
    /// Lambda starts an environment for a request that finds none idle, so requests that
    /// come at once are starts, but for those that meet one from before.
    pub(super) async fn starts(&self, hosts: &mut [Host]) {
        self.begins("cold starts".to_owned(), 2 * self.plan.starts * hosts.len());
        self.record.with(|record| record.starts = vec![Starts::default(); hosts.len()]);
        for host in hosts {
            let sessions: Vec<_> = (0..self.plan.starts).map(|_| new_session(host.platform)).collect();
            for again in [false, true] {
                self.burst(host, &sessions, again).await;
            }
            host.sessions.extend(sessions.into_iter().flatten());
        }
    }

    async fn burst(&self, host: &Host, sessions: &[Option<String>], again: bool) {
        let at_once = match host.platform {
            Platform::AgentCore => SESSIONS_PER_SECOND,
            Platform::Lambda | Platform::Other => self.plan.starts,
        };
        for sessions in sessions.chunks(at_once) {
            if self.record.gave_up(host.lane) {
                break;
            }
            let began = Instant::now();
            let prepared = sessions.iter().map(|session| host.connector.prepare(session.clone()));
            let prepared = match prepared.collect::<Result<Vec<_>, _>>() {
                Ok(prepared) => prepared,
                Err(error) => return self.record.give_up(host.lane, &error),
            };
            let clients =
                join_all(prepared.into_iter().map(|prepared| self.start(host, prepared, again))).await;
            for client in clients.into_iter().flatten() {
                client.close().await;
            }
            if sessions.len() == SESSIONS_PER_SECOND {
                tokio::time::sleep(Duration::from_secs(1).saturating_sub(began.elapsed())).await;
            }
        }
    }

    async fn start(&self, host: &Host, prepared: Prepared, again: bool) -> Option<Client> {
        let began = Instant::now();
        let started = self.first_answer(prepared, began).await;
        self.step();
        match started {
            Ok((client, start)) => {
                self.record.answered(host.lane);
                self.record.with(|record| {
                    let starts = &mut record.starts[host.lane];
                    if again { &mut starts.again } else { &mut starts.first }.push(start);
                });
                Some(client)
            }
            Err(error) => {
                let kind = self.record.failure(host.lane, &error);
                self.record.with(|record| *record.starts[host.lane].failed.entry(kind).or_default() += 1);
                None
            }
        }
    }

    async fn first_answer(&self, prepared: Prepared, began: Instant) -> Result<(Client, Start), Error> {
        let client = prepared.connect().await?;
        let handshake_ms = began.elapsed().as_secs_f64() * 1e3;
        let (_, call) = self.plan.workload.at(0);
        match client.call_tool(&call.tool, call.arguments.clone()).await {
            // That the first call of the workload is to be refused is known by now.
            Ok(_) | Err(Error::Rpc { .. }) => {
                let answered_ms = began.elapsed().as_secs_f64() * 1e3;
                Ok((client, Start { handshake_ms, answered_ms }))
            }
            Err(error) => {
                client.close().await;
                Err(error)
            }
        }
    }
}
