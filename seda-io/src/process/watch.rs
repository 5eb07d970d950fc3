//! Hands child processes over to be watched, and signals them meanwhile.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use seda_core::{Graph, Promises, Stage};

use super::child::{Child, StopSignal};
use super::exit::Exit;
use super::reaper::Reaper;
use crate::reactor::Mailbox;

/// Watches child processes for a graph, without a thread for each.
///
/// It is a source: when a child ends, it is reaped with what it leaves behind
/// in its process group, and an [`Exited`] is enqueued for one stage. While that
/// stage has no room, the event is kept and offered again: none is lost. A drain
/// waits until no child is watched any more; a stop kills those that are left.
///
/// Clones are one source. Handlers keep one as a plain field, and it works on
/// any thread, so that starting a program may be left to a stage that blocks.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use seda_core::{Graph, Plan};
/// use seda_io::process::{Exited, Processes, Spawn};
/// use seda_io::reactor::Reactor;
///
/// let mut graph = Graph::new("programs");
/// Reactor::install(&mut graph);
/// let exits = graph.stage("exits").each(|exited: Exited<&str>| {
///     println!("{}: {}", exited.tag, exited.exit?);
///     Ok(())
/// });
/// let processes = Processes::attach(&mut graph, "processes", &exits);
/// let start = graph.stage("start").blocking(1..=4).each(move |program: &'static str| {
///     processes.watch(Spawn::new(program).start()?, program)?;
///     Ok(())
/// });
/// let running = graph.start(Plan::default())?;
/// running.inlet(&start).enqueue("true")?;
/// let ledger = running.drain(Duration::from_secs(5))?;
/// assert_eq!(ledger.stage("exits").map(|account| account.handled), Some(1));
/// # Ok::<(), seda_core::BoxError>(())
/// ```
pub struct Processes<T> {
    offices: Arc<Mutex<Vec<Office<T>>>>,
    /// Whose turn it is when a thread that is no worker hands a child over.
    turn: Arc<AtomicUsize>,
    /// The ends of children handed over, until they are enqueued.
    promises: Promises,
}

/// Is where one worker takes over children.
pub(super) struct Office<T> {
    pub(super) worker: usize,
    pub(super) mailbox: Arc<Mailbox<Handed<T>>>,
}

/// Is a child on its way to the reaper of a worker.
#[derive(Debug)]
pub(super) struct Handed<T> {
    pub(super) child: Arc<Mutex<Option<Child>>>,
    pub(super) tag: T,
}

/// Is the end of a watched process.
#[derive(Debug)]
pub struct Exited<T> {
    /// What was given with the child.
    pub tag: T,
    /// The number that the process had.
    pub id: i32,
    /// How it ended; an error when the operating system did not tell.
    pub exit: io::Result<Exit>,
}

/// Is a watched process, for who may want to end it.
///
/// Dropping it changes nothing.
#[derive(Clone, Debug)]
pub struct Watched {
    id: i32,
    child: Arc<Mutex<Option<Child>>>,
}

impl Watched {
    /// Returns the number of the process, which is that of its group too.
    pub const fn id(&self) -> i32 {
        self.id
    }

    /// Signals the process and all of its group, from any thread; `false` when
    /// it has ended and been reaped, so that no stranger is ever signalled.
    ///
    /// # Errors
    ///
    /// Those of `kill(2)`.
    pub fn signal(&self, signal: StopSignal) -> io::Result<bool> {
        let child = self.child.lock();
        child
            .as_ref()
            .map_or(Ok(false), |child| child.signal_group(signal))
    }
}

thread_local! {
    /// The worker that the current thread is, if it has a reaper.
    static WORKER: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Says which worker the current thread is.
pub(super) fn sit_at(worker: usize) {
    WORKER.set(Some(worker));
}

impl<T: Send + 'static> Processes<T> {
    /// Adds the source `name` to the graph; ends are enqueued for `exits`.
    ///
    /// The graph needs a [`Reactor`](crate::reactor::Reactor).
    pub fn attach(graph: &mut Graph, name: &str, exits: &Stage<Exited<T>>) -> Self {
        let processes = Self {
            offices: Arc::default(),
            turn: Arc::default(),
            promises: Promises::default(),
        };
        let offices = Arc::clone(&processes.offices);
        let promises = processes.promises.clone();
        let source = graph.source(name).promises(&promises);
        source.on_each_worker(|wire| {
            let exits = wire.to(exits);
            move |worker| {
                let (reaper, office) = Reaper::open(worker, exits.clone(), promises.clone())?;
                offices.lock().push(office);
                Ok(reaper)
            }
        });
        processes
    }

    /// Watches a child: when it ends, [`Exited`] with `tag` is enqueued.
    ///
    /// # Errors
    ///
    /// Gives the child back when the graph does not run.
    pub fn watch(&self, child: Child, tag: T) -> Result<Watched, Unwatched<T>> {
        let id = child.id();
        let child = Arc::new(Mutex::new(Some(child)));
        let handed = Handed {
            child: Arc::clone(&child),
            tag,
        };
        match self.hand_over(handed) {
            Ok(()) => Ok(Watched { id, child }),
            Err(Handed { child, tag }) => {
                let child = child.lock().take();
                Err(Unwatched { child, tag })
            }
        }
    }

    fn hand_over(&self, handed: Handed<T>) -> Result<(), Handed<T>> {
        let offices = self.offices.lock();
        let here = WORKER.get();
        let own = offices.iter().find(|office| Some(office.worker) == here);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let any = || offices.get(turn.checked_rem(offices.len())?);
        let Some(office) = own.or_else(any) else {
            return Err(handed);
        };
        self.promises.make();
        let posted = office.mailbox.post(handed);
        posted.inspect_err(|_| self.promises.keep())
    }

    /// Counts the children that are watched, ends not yet enqueued included.
    pub fn count(&self) -> u64 {
        self.promises.open()
    }
}

impl<T> Clone for Processes<T> {
    fn clone(&self) -> Self {
        Self {
            offices: Arc::clone(&self.offices),
            turn: Arc::clone(&self.turn),
            promises: self.promises.clone(),
        }
    }
}

impl<T> fmt::Debug for Processes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processes").finish_non_exhaustive()
    }
}

/// Is a child that was not taken, since the graph does not run.
///
/// It goes on running; dropping this kills its group.
pub struct Unwatched<T> {
    /// The child.
    pub child: Option<Child>,
    /// What was given with it.
    pub tag: T,
}

impl<T> fmt::Debug for Unwatched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unwatched")
            .field("child", &self.child)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Unwatched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the child is not watched: the graph has not started or has stopped")
    }
}

impl<T> Error for Unwatched<T> {}
