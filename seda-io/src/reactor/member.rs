//! What a source sees of its worker's reactor: registration and readiness.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::io;
use std::mem;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;

use mio::event::{Event, Source};
use mio::{Interest, Registry, Token};
use rustix::event::epoll::{self, EventData, EventFlags};

use super::bell::Bell;

/// Bits of a token that name the member; the others are the member's own.
const MEMBER_BITS: u32 = 8;
const INDEX_BITS: u32 = usize::BITS - MEMBER_BITS;
/// The token of the bell; no member has this number.
pub(super) const BELL: Token = Token(usize::MAX);

/// Says that one of a member's sockets may be ready; it may also not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Readiness {
    /// What the member registered it as.
    pub(crate) index: usize,
    /// There may be bytes, a connection, an end or an error to read.
    pub(crate) readable: bool,
    /// There may be room to write.
    pub(crate) writable: bool,
    /// The peer sends no more, or the connection is broken: a short read is not the last.
    pub(crate) ended: bool,
}

/// Says whether what is watched is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    On,
    Off,
}

impl Readiness {
    fn of(event: &Event) -> Self {
        let ended = event.is_read_closed() || event.is_error();
        Self {
            index: event.token().0 & ((1 << INDEX_BITS) - 1),
            readable: event.is_readable() || ended,
            writable: event.is_writable() || event.is_write_closed() || event.is_error(),
            ended,
        }
    }
}

/// Is the side of a reactor that stays with its thread.
#[derive(Debug)]
pub(super) struct Local {
    registry: Registry,
    bell: Arc<Bell>,
    /// For each member, what has become ready since it looked.
    ready: RefCell<Vec<Vec<Readiness>>>,
    /// A source has something to do that no descriptor tells.
    nudged: Cell<bool>,
    /// How often the operating system was asked.
    looks: Cell<u64>,
}

thread_local! {
    static LOCAL: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

impl Local {
    /// Makes the reactor of the current thread known to its sources.
    pub(super) fn install(registry: Registry, bell: Arc<Bell>) -> Rc<Self> {
        let local = Rc::new(Self {
            registry,
            bell,
            ready: RefCell::default(),
            nudged: Cell::new(false),
            looks: Cell::new(0),
        });
        LOCAL.with(|slot| slot.replace(Some(Rc::clone(&local))));
        local
    }

    pub(super) fn uninstall() {
        let _ = LOCAL.try_with(RefCell::take);
    }

    pub(super) fn record(&self, event: &Event) {
        let member = event.token().0 >> INDEX_BITS;
        if let Some(ready) = self.ready.borrow_mut().get_mut(member) {
            ready.push(Readiness::of(event));
        }
    }

    pub(super) fn take_nudge(&self) -> bool {
        self.nudged.take()
    }

    /// Says that the operating system was asked.
    pub(super) fn count_look(&self) {
        self.looks.update(|looks| looks + 1);
    }
}

/// Keeps this worker from sleeping before its sources were polled once more;
/// does nothing on other threads.
pub(crate) fn nudge() {
    let nudge = |local: &RefCell<Option<Rc<Local>>>| {
        if let Some(local) = &*local.borrow() {
            local.nudged.set(true);
        }
    };
    let _ = LOCAL.try_with(nudge);
}

/// Is a source's place in the reactor of its worker.
///
/// Connections are registered once for all, and edge-triggered: readiness must
/// be remembered until a call would block. What this worker writes as well is
/// registered for reading and writing at once. A listener is watched instead:
/// it tells at each turn of the reactor whether somebody waits.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    local: Rc<Local>,
    number: usize,
}

impl Member {
    /// Takes a place in the reactor of the current thread.
    pub(crate) fn join() -> Result<Self, NoReactor> {
        let local = LOCAL.with(|slot| slot.borrow().clone()).ok_or(NoReactor)?;
        let number = {
            let mut ready = local.ready.borrow_mut();
            ready.push(Vec::new());
            ready.len() - 1
        };
        if number >= (1 << MEMBER_BITS) - 1 {
            return Err(NoReactor);
        }
        Ok(Self { local, number })
    }

    /// Reports the readiness of `what` as that of `index` until it is closed.
    pub(crate) fn register(
        &self,
        what: &mut (impl Source + ?Sized),
        index: usize,
    ) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        self.local.registry.register(what, self.token(index), both)
    }

    /// Does the same for reading only: what is written by any thread need not
    /// wake this one whenever there is room for more.
    pub(crate) fn register_reading(&self, what: &mut impl Source, index: usize) -> io::Result<()> {
        let reading = Interest::READABLE;
        self.local
            .registry
            .register(what, self.token(index), reading)
    }

    /// Reports at each turn whether there is something to read, as that of
    /// `index`, until it is closed: level-triggered, which mio does not offer,
    /// so that nobody need ask until it would block.
    pub(crate) fn watch(&self, what: impl AsFd, index: usize) -> io::Result<()> {
        let data = self.data(index);
        Ok(epoll::add(
            &self.local.registry,
            what,
            data,
            EventFlags::IN,
        )?)
    }

    /// Goes on watching, or has it rest until then.
    pub(crate) fn set_watch(&self, what: impl AsFd, index: usize, watch: Watch) -> io::Result<()> {
        let flags = match watch {
            Watch::On => EventFlags::IN,
            Watch::Off => EventFlags::empty(),
        };
        let data = self.data(index);
        Ok(epoll::modify(&self.local.registry, what, data, flags)?)
    }

    const fn data(&self, index: usize) -> EventData {
        EventData::new_u64(self.token(index).0 as u64)
    }

    const fn token(&self, index: usize) -> Token {
        Token(self.number << INDEX_BITS | index)
    }

    /// Moves what has become ready since the last call into `ready`, which is empty.
    pub(crate) fn take_ready(&self, ready: &mut Vec<Readiness>) {
        if let Some(mine) = self.local.ready.borrow_mut().get_mut(self.number) {
            mem::swap(mine, ready);
        }
    }

    /// Gives how often the operating system was asked what is ready.
    pub(crate) fn looks(&self) -> u64 {
        self.local.looks.get()
    }

    /// Gives what wakes this worker from any thread.
    pub(crate) fn bell(&self) -> Arc<Bell> {
        Arc::clone(&self.local.bell)
    }
}

/// Says that a source of this crate runs on a worker that sleeps in something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoReactor;

impl fmt::Display for NoReactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this worker watches no sockets; call `Reactor::install(&mut graph)` before the start, and leave sources in the domain of the cores",
        )
    }
}

impl Error for NoReactor {}
