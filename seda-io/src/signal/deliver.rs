//! The source that tells a graph which signals have come.

use std::collections::VecDeque;
use std::os::fd::AsRawFd;
use std::time::Duration;

use mio::unix::SourceFd;
use seda_core::{BoxError, Graph, Next, Source, Stage, Tick};

use super::receive::{Asked, Signals};
use crate::reactor::{Member, Readiness};

/// How long the source waits before it offers a signal again.
const OFFER_AGAIN: Duration = Duration::from_millis(2);

impl Signals {
    /// Adds the source `name` to the graph; each signal is enqueued for `stage`.
    ///
    /// While the stage has no room, the signal is kept and offered again.
    /// The graph needs a [`Reactor`](crate::reactor::Reactor).
    pub fn attach(self, graph: &mut Graph, name: &str, stage: &Stage<Asked>) {
        graph.source(name).on_each_worker(|wire| {
            let sink = wire.to(stage);
            on_first_worker(self, move |asked| sink.enqueue(asked).is_ok())
        });
    }

    /// Adds the source `name` to the graph; each signal is told to `tell`, which
    /// must not block.
    ///
    /// The graph needs a [`Reactor`](crate::reactor::Reactor).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use seda_core::{Graph, Plan};
    /// use seda_io::{reactor::Reactor, signal::{Asked, Signals}};
    ///
    /// let mut graph = Graph::new("daemon");
    /// Reactor::install(&mut graph);
    /// let (tell, told) = mpsc::channel();
    /// let signals = Signals::new(&[Asked::Interrupt, Asked::Terminate])?;
    /// signals.attach_fn(&mut graph, "signals", move |asked| {
    ///     let _ = tell.send(asked);
    /// });
    /// let running = graph.start(Plan::default())?;
    /// # let told = std::iter::empty::<Asked>();
    /// for asked in told {
    ///     println!("{asked:?}");
    ///     break;
    /// }
    /// running.drain(Duration::from_secs(5))?;
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn attach_fn<F>(self, graph: &mut Graph, name: &str, mut tell: F)
    where
        F: FnMut(Asked) + Send + 'static,
    {
        graph.source(name).on_each_worker(|_| {
            on_first_worker(self, move |asked| {
                tell(asked);
                true
            })
        });
    }
}

/// Makes the source on the first worker, and one that does nothing on the others.
fn on_first_worker<F>(
    signals: Signals,
    deliver: F,
) -> impl FnMut(usize) -> Result<Deliver<F>, BoxError> + Send + 'static
where
    F: FnMut(Asked) -> bool + Send + 'static,
{
    let mut post = Some((signals, deliver));
    move |worker| {
        let Some((signals, deliver)) = post.take_if(|_| worker == 0) else {
            return Ok(Deliver(None));
        };
        let member = Member::join()?;
        member.register(&mut SourceFd(&signals.as_raw_fd()), 0)?;
        Ok(Deliver(Some(Post {
            member,
            signals,
            deliver,
            ready: Vec::new(),
            kept: VecDeque::new(),
        })))
    }
}

/// Delivers signals on one worker; there is nothing in it on the others.
#[derive(Debug)]
struct Deliver<F>(Option<Post<F>>);

#[derive(Debug)]
struct Post<F> {
    member: Member,
    signals: Signals,
    /// Tells of a signal; false when it is to be told again.
    deliver: F,
    ready: Vec<Readiness>,
    /// Signals not delivered yet, each kind at most once.
    kept: VecDeque<Asked>,
}

impl<F: FnMut(Asked) -> bool> Post<F> {
    fn collect(&mut self) {
        self.member.take_ready(&mut self.ready);
        if self.ready.is_empty() {
            return;
        }
        self.ready.clear();
        for asked in self.signals.pending() {
            if !self.kept.contains(&asked) {
                self.kept.push_back(asked);
            }
        }
    }
}

impl<F: FnMut(Asked) -> bool + 'static> Source for Deliver<F> {
    fn poll(&mut self, now: Tick) -> Next {
        let Some(post) = &mut self.0 else {
            return Next::Ended;
        };
        post.collect();
        while let Some(asked) = post.kept.front() {
            if !(post.deliver)(*asked) {
                return Next::At(now.after(OFFER_AGAIN));
            }
            post.kept.pop_front();
        }
        Next::Idle
    }
}
