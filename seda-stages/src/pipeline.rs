//! All stages of the job server in one graph.
//!
//! ```text
//! api ─▶ describe ─▶ broker ─▶ prepare ─▶ launch ─▶ (process) ─▶ collect ─▶ broker
//!  ├───────────────────▲ ├─▶ cancel                     discover, failures ─▶ broker
//!  └─▶ observe           ├─▶ report
//!                        ├─▶ output
//!                        └─▶ forget
//! ```
//!
//! Overload is refused where requests come in: the board takes a bounded
//! number of jobs. Behind it no job is refused: stages defer what finds no
//! room, and the broker, which never defers, keeps jobs in their lines. So
//! the loop of stages cannot stand still.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seda_core::{Classes, Graph, Overflow, Stage};
use seda_io::http::Exchange;
use seda_io::process::Processes;

use crate::api::door::Door;
use crate::broker::rank::Rank;
use crate::broker::select::Broker;
use crate::describe::reader::{Reader, Submission};
use crate::discover::survey::{Known, Patrol, Survey};
use crate::dispatch::board::{Board, Bounds};
use crate::dispatch::desk::{Desk, DeskSinks, WallClock};
use crate::dispatch::event::{Assignment, JobEvent, Reading};
use crate::dispatch::patience::Patience;
use crate::errors::report::{Failures, Misfortune, Report};
use crate::execute::alarm::{AlarmClock, Alarms};
use crate::execute::cancel::{Cancel, Stop};
use crate::execute::collect::Collect;
use crate::execute::directory::JobsRoot;
use crate::execute::forget::Forget;
use crate::execute::launch::Launch;
use crate::execute::output::Output;
use crate::execute::prepare::Prepare;
use crate::job::id::JobId;
use crate::observe::{Observe, Scene};

/// What the pipeline is made of.
#[derive(Debug)]
pub struct Settings {
    /// How many jobs and slots.
    pub bounds: Bounds,
    /// How targets are ranked.
    pub rank: Box<dyn Rank>,
    /// Where targets are found.
    pub known: Known,
    /// Where jobs have their directories.
    pub root: Arc<JobsRoot>,
    /// The server's environment.
    pub environment: Arc<[(OsString, OsString)]>,
    /// Bytes of each output stream that are kept.
    pub output_bytes_max: u64,
    /// Events that may wait for each stage.
    pub queues: Queues,
    /// How long things take.
    pub times: Times,
}

/// Bounds of queues, in events.
#[derive(Clone, Copy, Debug)]
pub struct Queues {
    /// For stages that handle requests.
    pub requests: NonZeroUsize,
    /// For stages that handle jobs.
    pub jobs: NonZeroUsize,
}

/// How long things take, and who tells the time.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Between asking a process to end and killing it.
    pub cancel_grace: Duration,
    /// From the beginning of a drain until jobs are ended.
    pub patience: Duration,
    /// From one look for targets to the next.
    pub discover_every: Duration,
    /// The time that histories show.
    pub wall_clock: WallClock,
}

/// Stages that block on files or on the start of a program; a plan may give
/// them threads in common.
pub const BLOCKING: [&str; 6] = [
    "collect", "discover", "forget", "launch", "output", "prepare",
];

/// Classes of requests, of which each stage for them serves the most urgent first:
/// [`HIGH`](seda_core::Class::HIGH), `NORMAL` and `LOW`.
const URGENCIES: usize = 3;

/// Stages whose failures leave the job in hand as it is.
const HARMLESS: &[&str] = &["cancel", "failures", "forget", "output", "report"];

/// The stages that someone outside wants to know.
#[derive(Debug)]
pub struct Pipeline {
    /// Where requests come in.
    pub api: Stage<Exchange>,
    /// What the server shows of itself, once it runs.
    pub scene: Scene,
}

impl Pipeline {
    /// Adds the stages and sources of the job server to a graph, which needs
    /// a [`Reactor`](seda_io::reactor::Reactor).
    pub fn wire(graph: &mut Graph, settings: Settings) -> Self {
        let queues = settings.queues;
        let room = queues.requests.get().saturating_add(queues.jobs.get());
        let broker = graph.declare("broker", room);
        let times = settings.times;
        discover(
            graph,
            &broker,
            (settings.known.clone(), times.discover_every),
        );
        let execution = Execution::wire(graph, &broker, &settings);
        let output = output(graph, &settings);
        let report = report(graph, &broker, queues.jobs.get());
        let board = Board::new(
            settings.bounds,
            Broker::new(settings.known.find(), settings.rank),
        );
        let board = Arc::new(Mutex::new(board));
        graph.define(&broker).solo(move |wire| {
            let sinks = DeskSinks {
                prepare: wire.to(&execution.prepare).overflow(Overflow::Reject),
                cancel: wire.to(&execution.cancel).overflow(Overflow::Reject),
                forget: wire.to(&execution.forget),
                report: wire.to(&report).overflow(Overflow::DropNewest),
                output: wire.to(&output),
            };
            Desk::new(Arc::clone(&board), sinks, times.wall_clock)
        });
        graph
            .source("patience")
            .solo(|wire| Patience::new(times.patience, wire.to(&broker)));
        front(graph, &broker, queues.requests.get())
    }
}

/// The stages of execution that the broker sends to.
struct Execution {
    prepare: Stage<Assignment>,
    cancel: Stage<Stop>,
    forget: Stage<JobId>,
}

impl Execution {
    fn wire(graph: &mut Graph, broker: &Stage<JobEvent>, settings: &Settings) -> Self {
        let jobs = settings.queues.jobs.get();
        let alarms = Alarms::default();
        let collect = graph
            .stage("collect")
            .queue(jobs)
            .blocking(1..=2)
            .handler_with(|wire| Collect {
                root: Arc::clone(&settings.root),
                alarms: alarms.clone(),
                output_bytes_max: settings.output_bytes_max,
                jobs: wire.to(broker).overflow(Overflow::Defer),
            });
        let processes = Processes::attach(graph, "processes", &collect);
        let launch = graph
            .stage("launch")
            .queue(jobs)
            .blocking(1..=4)
            .handler_with(|wire| Launch {
                processes,
                alarms: alarms.clone(),
                jobs: wire.to(broker).overflow(Overflow::Defer),
            });
        let prepare = graph
            .stage("prepare")
            .queue(jobs)
            .blocking(1..=2)
            .handler_with(|wire| Prepare {
                root: Arc::clone(&settings.root),
                environment: Arc::clone(&settings.environment),
                launch: wire.to(&launch).overflow(Overflow::Defer),
                jobs: wire.to(broker).overflow(Overflow::Defer),
            });
        let forget = graph
            .stage("forget")
            .queue(jobs)
            .blocking(1..=1)
            .handler(Forget {
                root: Arc::clone(&settings.root),
            });
        let cancel = cancel(graph, broker, (settings, alarms));
        Self {
            prepare,
            cancel,
            forget,
        }
    }
}

fn cancel(
    graph: &mut Graph,
    broker: &Stage<JobEvent>,
    (settings, alarms): (&Settings, Alarms<Stop>),
) -> Stage<Stop> {
    let jobs = settings.queues.jobs.get();
    let cancel = graph
        .stage("cancel")
        .queue(jobs)
        .handler_with(|wire| Cancel {
            grace: settings.times.cancel_grace,
            alarms: alarms.clone(),
            jobs: wire.to(broker).overflow(Overflow::Defer),
        });
    graph.source("alarms").on_each_worker(|wire| {
        let sink = wire.to(&cancel);
        move |_| {
            Ok(AlarmClock {
                alarms: alarms.clone(),
                sink: sink.clone(),
            })
        }
    });
    cancel
}

/// What did not go well, with jobs and with stages.
fn report(graph: &mut Graph, broker: &Stage<JobEvent>, jobs: usize) -> Stage<Misfortune> {
    let report = graph.stage("report").queue(jobs).handler(Report);
    let failures = graph
        .stage("failures")
        .queue(jobs)
        .handler_with(|wire| Failures {
            harmless: HARMLESS,
            jobs: wire.to(broker).overflow(Overflow::Defer),
        });
    graph.failures_to(&failures);
    report
}

fn output(graph: &mut Graph, settings: &Settings) -> Stage<Reading> {
    let requests = settings.queues.requests.get();
    let output = graph.stage("output").queue(requests).blocking(1..=2);
    let output = output.classes(Classes::strict(URGENCIES));
    output.handler(Output {
        root: Arc::clone(&settings.root),
        bytes_max: settings.output_bytes_max,
    })
}

fn discover(graph: &mut Graph, broker: &Stage<JobEvent>, (known, every): (Known, Duration)) {
    let discover = graph
        .stage("discover")
        .queue(1)
        .blocking(1..=1)
        .handler_with(|wire| Survey {
            known,
            jobs: wire.to(broker),
        });
    graph
        .source("patrol")
        .solo(|wire| Patrol::new(every, wire.to(&discover)));
}

/// The stages that requests come to.
fn front(graph: &mut Graph, broker: &Stage<JobEvent>, requests: usize) -> Pipeline {
    let describe: Stage<Submission> = graph
        .stage("describe")
        .queue(requests)
        .classes(Classes::strict(URGENCIES))
        .handler_with(|wire| Reader {
            jobs: wire.to(broker),
        });
    let scene = Scene::default();
    let observe = graph.stage("observe").queue(requests);
    let observe = observe.classes(Classes::strict(URGENCIES));
    let observe = observe.handler(Observe {
        scene: scene.clone(),
    });
    let api = graph
        .stage("api")
        .queue(requests)
        .classes(Classes::strict(URGENCIES))
        .handler_with(|wire| Door {
            describe: wire.to(&describe),
            jobs: wire.to(broker),
            observe: wire.to(&observe),
        });
    Pipeline { api, scene }
}
