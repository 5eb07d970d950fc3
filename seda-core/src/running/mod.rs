//! A running graph: its inlets, its figures, its end.

pub(crate) mod controls;
pub(crate) mod ending;
pub(crate) mod loads;
pub(crate) mod parts;

use std::fmt;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::JoinHandle;

use parking_lot::{Mutex, ReentrantMutex};

use crate::clock::{Clock, Tick};
use crate::control::conductor::Conductor;
use crate::control::minutes::Minutes;
use crate::gate;
use crate::graph::Stage;
use crate::graph::check::unreachable;
use crate::ledger::Ledger;
use crate::life::Phase;
use crate::meta::TraceId;
use crate::overload::post::{OverloadPost, Shown};
use crate::overload::pressure::Pressure;
use crate::plan::DomainKind;
use crate::running::controls::Controls;
use crate::running::parts::{Assembled, Parts};
use crate::sink::Sink;
use crate::trace::Hop;
use crate::worker::restarts::Restarts;
use crate::worker::team::Team;

/// Is a running graph. Clones are one graph; when the last is dropped, it stops.
#[derive(Clone)]
pub struct Running {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) minutes: Arc<Minutes>,
    pub(crate) overload: Option<Shown>,
    pub(crate) started: Tick,
    conductor: Mutex<Option<JoinHandle<()>>>,
    /// Whether everything was finished before the threads were told to leave.
    ended_well: OnceLock<bool>,
    /// Held by the caller of a stop that buries.
    burying: ReentrantMutex<()>,
}

impl Running {
    pub(crate) fn launch(assembled: Assembled) -> Result<Self, Vec<String>> {
        let parts = assembled.parts;
        let now = parts.around.clock.now();
        let pressure = parts.around.pressure.clone();
        let overload = assembled.overload;
        let overload = overload.map(|manager| OverloadPost::new(manager, pressure, now));
        let conductor = Conductor::new(assembled.controllers, assembled.ways, now);
        let conductor = conductor.with_overload(overload);
        let inner = Arc::new(Inner {
            parts,
            minutes: conductor.minutes(),
            overload: conductor.overload(),
            started: now,
            conductor: Mutex::new(None),
            ended_well: OnceLock::new(),
            burying: ReentrantMutex::new(()),
        });
        let running = Self { inner };
        if let Err(complaints) = running.inner.crew() {
            running.stop();
            return Err(complaints);
        }
        for stage in running.inner.parts.around.roster.iter() {
            stage.wake_if_waiting();
        }
        let conducting = Controls::of(&running.inner.parts).conduct(conductor);
        *running.inner.conductor.lock() = conducting.map_err(|error| vec![error])?;
        Ok(running)
    }

    /// Names the graph.
    pub fn name(&self) -> &str {
        &self.inner.parts.name
    }

    /// Gives a sink by which code outside the graph enqueues.
    ///
    /// From the start of a drain it refuses with
    /// [`Reason::Closed`](crate::Reason::Closed).
    pub fn inlet<E: Send + 'static>(&self, stage: &Stage<E>) -> Sink<E> {
        crate::graph::inlet(stage)
    }

    /// Gives the graph's clock, for deadlines.
    pub fn clock(&self) -> &Clock {
        &self.inner.parts.around.clock
    }

    /// Tells the time, for deadlines.
    pub fn now(&self) -> Tick {
        self.clock().now()
    }

    /// Gives the account of every stage as it is now. It balances at any time.
    pub fn ledger(&self) -> Ledger {
        Ledger::of(&self.inner.parts.around.roster)
    }

    /// Gives the way of a traced event so far, in the order of its hops; empty
    /// when the id is unknown or forgotten.
    pub fn trace(&self, id: TraceId) -> Vec<Hop> {
        self.inner.parts.traces.of(id)
    }

    /// Lists stages that no event can reach, inlets taken so far included.
    pub fn unreachable(&self) -> Vec<String> {
        unreachable(&self.inner.parts.around.roster)
    }

    /// Changes the bound of a stage's queue; what waits beyond a smaller one stays.
    ///
    /// Returns false when no stage has that name.
    pub fn resize(&self, stage: &str, capacity: usize) -> bool {
        let found = self.inner.parts.around.roster.named(stage);
        if let Some(stage) = found {
            stage.common().room.set_capacity(capacity.max(1));
            stage.common().waiters.room_freed();
        }
        found.is_some()
    }

    /// Lets a quarantined stage run again; tells whether it was quarantined.
    pub fn release(&self, stage: &str) -> bool {
        let roster = &self.inner.parts.around.roster;
        let Some(stage) = roster.named(stage) else {
            return false;
        };
        let common = stage.common();
        let was = common.gate.has(gate::QUARANTINED);
        if let Some(Some(restarts)) = self.inner.parts.restarts.get(common.at.stage) {
            Restarts::forget(&mut restarts.lock());
        }
        common.gate.clear(gate::QUARANTINED);
        was
    }

    /// Gives how pressed the graph is, as its overload manager finds.
    pub fn pressure(&self) -> Pressure {
        self.inner.parts.around.pressure.clone()
    }

    /// Tells whether the graph takes events from outside.
    pub fn is_running(&self) -> bool {
        self.inner.parts.around.life.phase() == Phase::Running
    }
}

impl Inner {
    /// Starts the smallest number of threads of each domain, and waits until
    /// all are set up.
    fn crew(&self) -> Result<(), Vec<String>> {
        let (tell, told) = mpsc::channel();
        let mut expected = 0;
        let mut complaints = Vec::new();
        for team in &self.parts.teams {
            for _ in 0..smallest(team) {
                let tell = tell.clone();
                let started = move |result| {
                    let _ = tell.send(result);
                };
                match team.hire(started) {
                    Ok(_) => expected += 1,
                    Err(error) => complaints
                        .push(format!("domain `{}`: no thread: {error}", team.site.name())),
                }
            }
        }
        drop(tell);
        for result in told.iter().take(expected) {
            let complaint = result.err().map(|error| error.to_string());
            // A seat that was left at once may have been tried again.
            complaints.extend(complaint.filter(|new| !complaints.contains(new)));
        }
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(complaints)
        }
    }
}

fn smallest(team: &Team) -> usize {
    match team.kind {
        DomainKind::Cores { workers } => workers,
        DomainKind::Blocking { min, .. } => min,
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("name", &self.inner.parts.name)
            .finish_non_exhaustive()
    }
}
