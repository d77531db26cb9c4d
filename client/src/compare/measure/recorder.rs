//! The record, written down call by call.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::compare::failure::{Health, kind, said};
use crate::compare::plan::Load;
use crate::compare::record::{Lane, LoadRecord, Measured, Record, Round};
use crate::error::Error;

/// The record, shared by all that measures.
pub(super) struct Recorder<'a> {
    record: &'a Mutex<Record>,
    started: Instant,
    health: Mutex<Vec<Health>>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(record: &'a Mutex<Record>) -> Self {
        let recorder = Self { record, started: Instant::now(), health: Mutex::default() };
        let lanes = recorder.with(|record| record.lanes.len());
        let health = std::iter::repeat_with(Health::default).take(lanes).collect();
        Self { health: Mutex::new(health), ..recorder }
    }

    pub(super) fn with<T>(&self, write: impl FnOnce(&mut Record) -> T) -> T {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.seconds = self.started.elapsed().as_secs_f64();
        write(&mut record)
    }

    pub(super) fn lane(&self, lane: usize, write: impl FnOnce(&mut Lane)) {
        self.with(|record| write(&mut record.lanes[lane]));
    }

    /// Begins a load.
    pub(super) fn load(&self, load: Load) {
        self.with(|record| {
            let lanes = vec![Measured::default(); record.lanes.len()];
            record.loads.push(LoadRecord { load, lanes });
        });
    }

    /// What a host did under the load that was begun last.
    pub(super) fn measured(&self, lane: usize, write: impl FnOnce(&mut Measured)) {
        self.with(|record| {
            if let Some(load) = record.loads.last_mut() {
                write(&mut load.lanes[lane]);
            }
        });
    }

    /// A round of the load that was begun last; made where it is not there yet.
    pub(super) fn round(&self, lane: usize, round: usize, write: impl FnOnce(&mut Round)) {
        self.measured(lane, |measured| {
            if measured.rounds.len() <= round {
                measured.rounds.resize_with(round + 1, Round::default);
            }
            write(&mut measured.rounds[round]);
        });
    }

    /// Takes a failure down and returns its kind.
    pub(super) fn failure(&self, lane: usize, error: &Error) -> String {
        let kind = self.with(|record| {
            let lane = &mut record.lanes[lane];
            let kind = kind(error, lane.platform);
            lane.said.entry(kind.clone()).or_insert_with(|| said(error));
            kind
        });
        self.failed(lane, &kind);
        kind
    }

    /// Counts a failure of what is not measured.
    pub(super) fn beforehand(&self, lane: usize, kind: String) {
        self.lane(lane, |lane| *lane.beforehand.entry(kind).or_default() += 1);
    }

    /// Counts a failure of a known kind towards giving the host up.
    pub(super) fn failed(&self, lane: usize, kind: &str) {
        if self.health(|health| health[lane].failed(Instant::now())) {
            self.lane(lane, |lane| {
                let said = lane.said.get(kind).cloned().unwrap_or_else(|| kind.to_owned());
                lane.gave_up.get_or_insert(format!("nothing but failures for a while, the last: {said}"));
            });
        }
    }

    pub(super) fn answered(&self, lane: usize) {
        self.health(|health| health[lane].answered());
    }

    /// Measures a host no further.
    pub(super) fn give_up(&self, lane: usize, error: &Error) {
        self.lane(lane, |lane| lane.gave_up = Some(said(error)));
    }

    pub(super) fn gave_up(&self, lane: usize) -> bool {
        self.with(|record| record.lanes[lane].gave_up.is_some())
    }

    pub(super) fn complete(&self) {
        self.with(|record| record.interrupted = false);
    }

    fn health<T>(&self, use_it: impl FnOnce(&mut Vec<Health>) -> T) -> T {
        use_it(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How long this program has been at work, as opposed to waiting.
pub(super) fn busy() -> Duration {
    let runtime = Handle::current().metrics();
    (0..runtime.num_workers()).map(|worker| runtime.worker_total_busy_duration(worker)).sum()
}
