//! Starts the server, and ends it in order.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use seda_core::{DrainError, Graph, Ledger, Running};
use seda_io::http::HttpServer;
use seda_io::reactor::Reactor;
use seda_io::signal::{Asked, Signals};
use seda_stages::execute::directory::JobsRoot;
use seda_stages::observe::Scene;
use seda_stages::pipeline::Pipeline;

use crate::config::Config;
use crate::exit::Exit;
use crate::log::Log;
use crate::settings;
use crate::tell;

/// What a drain may take beyond its deadline, for jobs that were killed to be taken note of.
const MARGIN: Duration = Duration::from_secs(5);

/// From one note of how the stages are to the next, for `/bottleneck`.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// A server that runs.
struct Server {
    running: Running,
    scene: Scene,
    signals: Receiver<Asked>,
}

/// Serves until a signal comes, then drains; a second signal stops at once.
///
/// # Blocking
///
/// Until the server has ended.
pub fn run(config: &Config) -> Exit {
    Log::new(config.log_level).install();
    match start(config) {
        Ok(server) => server.live(config),
        Err((exit, what)) => {
            tell::line(what);
            exit
        }
    }
}

/// Why the server does not start, and what the shell is told.
type Refused = (Exit, String);

fn failed(what: impl Into<String>) -> Refused {
    (Exit::Failed, what.into())
}

fn start(config: &Config) -> Result<Server, Refused> {
    let plan = settings::plan(config.plan.as_ref()).map_err(|what| (Exit::Usage, what))?;
    let root = open_root(config)?;
    let place = root.path().display().to_string();
    let listen = config.listen;
    let http = HttpServer::bind(listen, settings::limits(config)).map_err(|error| {
        failed(format!(
            "cannot listen on {listen}: {error}, choose another address with --listen"
        ))
    })?;
    let http = http.with_wishes(settings::wishes(config));
    let address = http.local_address().clone();
    let pipeline = settings::pipeline(config, root).map_err(|what| (Exit::Usage, what))?;
    let slots = pipeline.bounds.slots_max;

    let mut graph = Graph::new("seda");
    Reactor::install(&mut graph);
    graph.overload(settings::overload(config));
    let (tell, signals) = mpsc::channel();
    Signals::new(&[Asked::Interrupt, Asked::Terminate])
        .map_err(|error| failed(format!("cannot receive signals: {error}")))?
        .attach_fn(&mut graph, "signals", move |asked| {
            // Nobody listens any more when the server has ended.
            let _ = tell.send(asked);
        });
    let Pipeline { api, scene } = Pipeline::wire(&mut graph, pipeline);
    http.attach(&mut graph, "http", &api);
    let running = graph
        .start(plan)
        .map_err(|error| (Exit::Usage, error.to_string()))?;
    scene.set(&running);
    say(&format!(
        "listening on http://{address}\n\
         jobs run in {place}, {slots} at once\n\
         press Ctrl-C to drain\n"
    ));
    Ok(Server {
        running,
        scene,
        signals,
    })
}

/// Opens the directory of jobs and removes what a dead server left there.
fn open_root(config: &Config) -> Result<JobsRoot, Refused> {
    let root = JobsRoot::open(&config.jobs.root).map_err(|error| failed(error.to_string()))?;
    let swept = root
        .sweep(&BTreeSet::new())
        .map_err(|error| failed(error.to_string()))?;
    for (_, error) in &swept.failed {
        tracing::warn!(target: "seda", "{error}");
    }
    for name in &swept.strange {
        tracing::warn!(target: "seda", "{} is no job's, and stays", name.display());
    }
    match swept.failed.first() {
        None => Ok(root),
        Some((_, error)) => Err(failed(format!("{error}, remove it by hand"))),
    }
}

impl Server {
    fn live(self, config: &Config) -> Exit {
        let Self {
            running,
            scene,
            signals,
        } = self;
        loop {
            match signals.recv_timeout(NOTE_EVERY) {
                Ok(_) => break,
                Err(RecvTimeoutError::Timeout) => scene.note(),
                Err(RecvTimeoutError::Disconnected) => {
                    tell::line("no worker is left, stopping");
                    return end(&running.stop(), Exit::Failed);
                }
            }
        }
        let within = config.drain_deadline;
        tell::line(format_args!(
            "draining for {within:?} at most, press Ctrl-C again to stop at once"
        ));
        let cut_short = stop_on_next(signals, &running);
        let drained = running.drain(within + config.jobs.cancel_grace + MARGIN);
        scene.clear();
        match drained {
            Ok(ledger) | Err(DrainError { ledger }) if cut_short.load(Ordering::Acquire) => {
                end(&ledger, Exit::Failed)
            }
            Ok(ledger) => end(&ledger, Exit::Success),
            Err(error) => {
                tell::line(&error);
                end(&error.ledger, Exit::Failed)
            }
        }
    }
}

/// Stops the graph at the next signal; tells whether it has.
fn stop_on_next(signals: Receiver<Asked>, running: &Running) -> Arc<AtomicBool> {
    let cut_short = Arc::new(AtomicBool::new(false));
    let (noted, stopping) = (Arc::clone(&cut_short), running.clone());
    // Ends with the process.
    thread::spawn(move || {
        if signals.recv().is_ok() {
            tell::line("stopping at once");
            noted.store(true, Ordering::Release);
            stopping.stop();
        }
    });
    cut_short
}

/// Prints the final account; it has to balance for the end to be a good one.
fn end(ledger: &Ledger, exit: Exit) -> Exit {
    tell::plain(ledger);
    if ledger.balances() && ledger.is_empty() {
        return exit;
    }
    tell::line("the ledger does not balance, please report this");
    Exit::Failed
}

/// Prints what scripts wait for; a closed standard output is no reason not to serve.
fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}
