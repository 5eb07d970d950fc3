//! The source that waits for children of one worker, reaps them and says how they ended.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use parking_lot::Mutex;
use seda_core::{Next, Promises, Rejected, Sink, Source, Tick};
use slab::Slab;

use super::child::{Child, StopSignal};
use super::exit::Exit;
use super::watch::{self, Exited, Handed, Office};
use crate::reactor::{Mailbox, Member, NoReactor, Readiness};

/// How long the reaper waits before it offers the end of a process again.
const OFFER_AGAIN: Duration = Duration::from_millis(2);

/// Watches the children of one worker.
#[derive(Debug)]
pub(super) struct Reaper<T> {
    exits: Sink<Exited<T>>,
    member: Member,
    mailbox: Arc<Mailbox<Handed<T>>>,
    children: Slab<Handed<T>>,
    ready: Vec<Readiness>,
    /// Ends that the stage has not taken yet; none is lost.
    ended: VecDeque<Exited<T>>,
    promises: Promises,
}

impl<T: Send + 'static> Reaper<T> {
    /// Makes the reaper of the current worker, and where children are handed to it.
    pub(super) fn open(
        worker: usize,
        exits: Sink<Exited<T>>,
        promises: Promises,
    ) -> Result<(Self, Office<T>), NoReactor> {
        let member = Member::join()?;
        let mailbox = Arc::new(Mailbox::new(member.bell()));
        let office = Office {
            worker,
            mailbox: Arc::clone(&mailbox),
        };
        watch::sit_at(worker);
        let reaper = Self {
            exits,
            member,
            mailbox,
            children: Slab::new(),
            ready: Vec::new(),
            ended: VecDeque::new(),
            promises,
        };
        Ok((reaper, office))
    }

    /// Begins to watch a child. One that has ended already makes its descriptor
    /// readable at once, so nothing is missed.
    fn take_over(&mut self, handed: Handed<T>) {
        let entry = self.children.vacant_entry();
        let registered = match &*handed.child.lock() {
            Some(child) => self
                .member
                .register(&mut SourceFd(&child.as_raw_fd()), entry.key()),
            None => Ok(()),
        };
        match registered {
            Ok(()) => {
                entry.insert(handed);
            }
            Err(error) => self.give_up(handed, error),
        }
    }

    /// Ends a child that cannot be watched.
    fn give_up(&mut self, handed: Handed<T>, error: io::Error) {
        let child = handed.child.lock().take();
        let id = child.as_ref().map_or(0, Child::id);
        drop(child);
        tracing::error!(target: "seda", process = id, "killed, since it cannot be watched: {error}");
        self.ended.push_back(Exited {
            tag: handed.tag,
            id,
            exit: Err(error),
        });
    }

    /// Reaps the child at `index` if it has ended.
    fn look_at(&mut self, index: usize) {
        let Some(handed) = self.children.get(index) else {
            return;
        };
        let mut slot = handed.child.lock();
        let Some(child) = slot.as_mut() else { return };
        let id = child.id();
        let exit = match reap(child) {
            Ok(None) => return,
            Ok(Some(exit)) => Ok(exit),
            Err(error) => Err(error),
        };
        // Dropped under the lock: nobody signals it any more. Closing its
        // descriptor ends the registration.
        drop(slot.take());
        drop(slot);
        if let Some(Handed { tag, .. }) = self.children.try_remove(index) {
            self.ended.push_back(Exited { tag, id, exit });
        }
    }

    /// Offers ends to the stage, in order, until it refuses.
    fn offer(&mut self) {
        while let Some(exited) = self.ended.pop_front() {
            match self.exits.enqueue(exited) {
                Ok(()) => self.promises.keep(),
                Err(Rejected { event, .. }) => {
                    self.ended.push_front(event);
                    return;
                }
            }
        }
    }
}

/// Reaps a child with its group; where the group cannot be signalled, alone.
fn reap(child: &mut Child) -> io::Result<Option<Exit>> {
    child.try_reap_group().or_else(|error| {
        tracing::warn!(target: "seda", process = child.id(), "what it left behind goes on: {error}");
        child.try_reap()
    })
}

impl<T: Send + 'static> Source for Reaper<T> {
    fn poll(&mut self, now: Tick) -> Next {
        for handed in self.mailbox.take() {
            self.take_over(handed);
        }
        let mut ready = std::mem::take(&mut self.ready);
        self.member.take_ready(&mut ready);
        for readiness in ready.drain(..) {
            self.look_at(readiness.index);
        }
        self.ready = ready;
        self.offer();
        if self.ended.is_empty() {
            Next::Idle
        } else {
            Next::At(now.after(OFFER_AGAIN))
        }
    }
}

impl<T> Drop for Reaper<T> {
    /// Kills what still runs: a graph that has stopped leaves no children behind.
    fn drop(&mut self) {
        let waiting = self.mailbox.close();
        let watched = self.children.drain();
        for handed in waiting.into_iter().chain(watched) {
            end(&handed.child);
            self.promises.keep();
        }
        for _ in self.ended.drain(..) {
            self.promises.keep();
        }
    }
}

fn end(child: &Mutex<Option<Child>>) {
    if let Some(child) = child.lock().take()
        && let Err(error) = child.signal_group(StopSignal::Kill)
    {
        tracing::warn!(target: "seda", process = child.id(), "goes on running: {error}");
    }
}
