//! Connections: the first to each host, which tells how it behaves, and those for the loads.

use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::call::PAUSE_AFTER_FAILURE;
use super::{Bench, Host, Subject, new_session};
use crate::client::{Connector, Options, Retries};
use crate::compare::failure::printable;
use crate::compare::record::Platform;
use crate::compare::sameness::{Behaviour, differences};
use crate::error::Error;
use crate::target::Target;

impl Bench<'_> {
    /// Connects to each host once, and has it show how it behaves. Nothing is timed yet, so
    /// what may be tried again is.
    pub(super) async fn meet(&self, subjects: &[Subject]) -> Result<Vec<Host>, Error> {
        self.begins("same answers?".to_owned(), subjects.len());
        let mut hosts = Vec::new();
        let mut behaviours = Vec::new();
        for (lane, subject) in subjects.iter().enumerate() {
            let options = Options { session_id: None, ..subject.options.clone() };
            let connector = Connector::new(subject.target.clone(), options).await?;
            let platform = Platform::of(&subject.target);
            let session = new_session(platform);
            if session.is_some() {
                self.pacer.wait(1).await;
            }
            let client = connector.prepare(session.clone())?.connect().await?;
            let behaviour = Behaviour::of(&client, &self.plan.workload).await?;
            let round_trip_ms = round_trip(&subject.target).await;
            self.record.lane(lane, |lane| {
                lane.protocol = Some(client.protocol_version());
                lane.server = client.server().map(|server| printable(&server));
                lane.tools = behaviour.tool_count();
                lane.round_trip_ms = round_trip_ms;
            });
            client.close().await;
            let endings = behaviour.endings();
            behaviours.push((subject.name.as_str(), behaviour));
            let connector = connector.with_retries(Retries::NEVER);
            let (sessions, next) = (session.into_iter().collect(), AtomicUsize::new(0));
            hosts.push(Host { lane, platform, connector, clients: Vec::new(), sessions, endings, next });
            self.step();
        }
        self.record.with(|record| {
            record.differences = Some(differences(&self.plan.workload, &behaviours));
        });
        Ok(hosts)
    }

    /// Opens the connections that the loads need, in sessions that were begun already where
    /// there are any.
    pub(super) async fn connect(&self, hosts: &mut [Host]) {
        let wanted = self.plan.connections();
        self.begins("connections".to_owned(), wanted * hosts.len());
        for host in hosts {
            while host.clients.len() < wanted && !self.record.gave_up(host.lane) {
                self.connect_once_more(host).await;
            }
        }
    }

    async fn connect_once_more(&self, host: &mut Host) {
        let known = host.sessions.get(host.clients.len()).cloned();
        if known.is_none() && host.platform == Platform::AgentCore {
            self.pacer.wait(1).await;
        }
        let session = known.or_else(|| new_session(host.platform));
        let connected = match host.connector.prepare(session) {
            Ok(prepared) => prepared.connect().await,
            Err(error) => return self.record.give_up(host.lane, &error),
        };
        match connected {
            Ok(client) => {
                host.clients.push(client);
                self.record.answered(host.lane);
                self.step();
            }
            Err(error) => {
                let kind = self.record.failure(host.lane, &error);
                self.record.beforehand(host.lane, kind);
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }
}

/// The fastest of a few TCP connections, in milliseconds. `None` where none can be made, as
/// behind a proxy.
async fn round_trip(target: &Target) -> Option<f64> {
    let url = target.url();
    let port = url.port_or_known_default()?;
    let host = if target.is_loopback() { "localhost" } else { url.host_str()? };
    let mut fastest: Option<Duration> = None;
    for _ in 0..5 {
        let address = tokio::net::lookup_host((host, port)).await.ok()?.next()?;
        let started = Instant::now();
        let connecting = tokio::time::timeout(Duration::from_secs(3), TcpStream::connect(address));
        let connected = connecting.await.ok()?;
        let took = started.elapsed();
        if connected.is_ok() {
            fastest = Some(fastest.map_or(took, |fastest| fastest.min(took)));
        }
    }
    fastest.map(|fastest| fastest.as_secs_f64() * 1e3)
}
