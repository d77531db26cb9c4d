//! Measuring: the same calls on every host, in turns.

mod call;
mod closed;
mod connections;
mod open;
mod pacer;
mod recorder;
mod start;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::plan::{Load, Plan};
use super::record::{FORMAT, Lane, Machine, Platform, Record};
use super::sameness::Ending;
use crate::client::{Client, Connector, Options};
use crate::error::Error;
use crate::target::{Kind, Target};
pub(super) use open::MOST_IN_FLIGHT;
use pacer::Pacer;
use recorder::Recorder;

/// A host to be measured.
#[derive(Clone, Debug)]
pub struct Subject {
    /// How it is called in the report.
    pub name: String,
    /// Where it is.
    pub target: Target,
    /// How to connect. Whatever is said here, sessions are our own, and no call that is
    /// measured is tried again after trouble.
    pub options: Options,
}

/// How far the measuring is.
#[derive(Clone, Debug)]
pub enum Progress {
    /// So many steps of something begin.
    Begins {
        /// What it is.
        what: String,
        /// How many steps it has.
        steps: usize,
    },
    /// A step is done.
    Step,
}

/// One host with its connections.
struct Host {
    lane: usize,
    platform: Platform,
    connector: Connector,
    /// Warm connections, each with a session of its own.
    clients: Vec<Client>,
    /// The sessions that were begun and still live.
    sessions: Vec<String>,
    /// How each call of the workload is to end.
    endings: Vec<Ending>,
    /// Which call of the workload is the next, around and around.
    next: AtomicUsize,
}

/// What all the measuring needs.
struct Bench<'a> {
    plan: &'a Plan,
    record: Recorder<'a>,
    progress: &'a (dyn Fn(Progress) + Sync),
    pacer: Pacer,
}

/// An empty record.
#[must_use]
pub fn begin(subjects: &[Subject], plan: &Plan, command: Vec<String>) -> Record {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let started = DateTime::from_secs(seconds.cast_signed()).fmt(Format::DateTime);
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    Record {
        format: FORMAT,
        made_by: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        started: started.unwrap_or_default(),
        seconds: 0.0,
        machine: Machine {
            system: std::env::consts::OS.to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
            cpus,
        },
        command,
        plan: plan.clone(),
        lanes: subjects.iter().map(lane).collect(),
        differences: None,
        starts: Vec::new(),
        loads: Vec::new(),
        interrupted: true,
    }
}

fn lane(subject: &Subject) -> Lane {
    Lane {
        name: subject.name.clone(),
        target: shown(&subject.target),
        platform: Platform::of(&subject.target),
        region: subject.target.region().map(str::to_owned),
        protocol: None,
        server: None,
        tools: 0,
        round_trip_ms: None,
        gave_up: None,
        beforehand: BTreeMap::new(),
        said: BTreeMap::new(),
    }
}

/// A target as it is shown to others: the query of a host that is not AWS's may be a secret.
#[must_use]
pub fn shown(target: &Target) -> String {
    let mut url = target.url().clone();
    if target.kind() == &Kind::Other && url.query().is_some() {
        url.set_query(Some("..."));
    }
    url.to_string()
}

/// Measures all that is planned and writes it down as it goes, so that dropping the future
/// loses nothing that was measured.
///
/// A host that fails is counted, and given up after a while; what this returns early for is
/// a host that cannot be talked to in the first place.
///
/// # Errors
/// The first host that does not let itself be connected to, or does not answer.
pub async fn measure(
    subjects: &[Subject],
    plan: &Plan,
    record: &Mutex<Record>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(), Error> {
    let bench = Bench { plan, record: Recorder::new(record), progress, pacer: Pacer::default() };
    let mut hosts = bench.meet(subjects).await?;
    if plan.starts > 0 {
        bench.starts(&mut hosts).await;
    }
    bench.connect(&mut hosts).await;
    for load in &plan.loads {
        match *load {
            Load::Closed { callers } => bench.closed(&hosts, callers).await,
            Load::Open { rate } => bench.open(&hosts, rate).await,
        }
    }
    bench.record.complete();
    for client in hosts.into_iter().flat_map(|host| host.clients) {
        client.close().await;
    }
    Ok(())
}

impl Bench<'_> {
    fn begins(&self, what: String, steps: usize) {
        (self.progress)(Progress::Begins { what, steps });
    }

    fn step(&self) {
        (self.progress)(Progress::Step);
    }
}

/// The id of a session that was never used, where callers choose them.
fn new_session(platform: Platform) -> Option<String> {
    (platform == Platform::AgentCore).then(|| uuid::Uuid::new_v4().to_string())
}
