//! The handle of a connection: any stage, on any thread, sends by it and ends it.

use std::fmt;
use std::mem;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use seda_core::{Key, Meta, Promises};

use super::bounds::Limits;
use super::figures::Tally;
use super::outflow::{Outflow, Unsendable, Unsent, Wish};
use super::spares::{Fresh, Spares};
use crate::net::address::Address;
use crate::net::calls::{Calls, Place};

/// Is one connection, for whoever sends to it or ends it.
///
/// Clones are the same connection. None of its methods blocks, and none fails
/// because the connection has ended: a send gives its bytes back then.
#[derive(Clone)]
pub struct Link(Arc<Line>);

struct Line {
    number: u64,
    peer: Address,
    meta: Meta,
    tally: Arc<Tally>,
    promises: Promises,
    spares: Arc<Spares>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    outflow: Outflow,
    /// How to reach the source; none before it has taken the connection over.
    source: Option<(Arc<Calls>, Place)>,
    /// The source was called and has not looked yet.
    called: bool,
    input: Input,
    /// A drain waits for what is to be done here.
    promised: bool,
    /// What TLS has agreed on.
    protocol: Option<Box<str>>,
}

/// Says whether a [`Received`] of a connection is in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Free,
    Held,
    /// It is, and the source wants to read on once it is not.
    Wanted,
}

/// Is what the connections of one source have in common.
#[derive(Clone, Debug)]
pub(super) struct Kin {
    pub(super) limits: Arc<Limits>,
    pub(super) tally: Arc<Tally>,
    pub(super) promises: Promises,
    pub(super) spares: Arc<Spares>,
}

/// Is a connection to be made by a worker.
#[derive(Debug)]
pub(super) struct Dial {
    pub(super) link: Link,
    /// How long it may take to come about.
    pub(super) within: Duration,
}

impl Kin {
    pub(super) fn new(limits: &Arc<Limits>, tally: Arc<Tally>, promises: &Promises) -> Self {
        Self {
            limits: Arc::clone(limits),
            tally,
            promises: promises.clone(),
            spares: Arc::new(Spares::new(limits.read_bytes_max.max(1))),
        }
    }

    /// Gives the same with the counters of a worker.
    pub(super) fn with_tally(&self, tally: Arc<Tally>) -> Self {
        Self::new(&self.limits, tally, &self.promises)
    }
}

impl Link {
    pub(super) fn new(peer: Address, kin: &Kin) -> Self {
        static LINKS: AtomicU64 = AtomicU64::new(1);
        let number = LINKS.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Line {
            number,
            peer,
            meta: Meta::NONE.with_key(Key::of(&number)),
            tally: Arc::clone(&kin.tally),
            promises: kin.promises.clone(),
            spares: Arc::clone(&kin.spares),
            state: Mutex::new(State {
                outflow: Outflow::new(&kin.limits),
                source: None,
                called: false,
                input: Input::Free,
                promised: false,
                protocol: None,
            }),
        }))
    }

    /// Returns the number of the connection, never used twice in a process. Its
    /// events have the [`Key`] of this number.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// Returns the address at the other end.
    pub fn peer(&self) -> &Address {
        &self.0.peer
    }

    /// Returns the protocol that both sides of a connection under TLS have agreed
    /// on (ALPN, RFC 7301), if they have.
    pub fn protocol(&self) -> Option<String> {
        self.0.state.lock().protocol.as_deref().map(str::to_owned)
    }

    /// Sends bytes behind all that was sent before.
    ///
    /// They are written when the source of the connection has its turn; what is
    /// sent before a connection has come about waits for it.
    ///
    /// # Errors
    ///
    /// Gives the bytes back when they would exceed the high mark
    /// ([`Limits::high_mark_bytes`]), after [`finish`](Self::finish) or
    /// [`close`](Self::close), and when the connection has ended.
    pub fn send(&self, bytes: impl Into<Vec<u8>>) -> Result<(), Unsent> {
        let bytes = bytes.into();
        let mut state = self.0.state.lock();
        if let Err(unsent) = state.outflow.offer(bytes) {
            drop(state);
            let clogged = unsent.reason == Unsendable::Clogged;
            self.0.tally.clogged.add(usize::from(clogged));
            return Err(unsent);
        }
        let called = state.promise(&self.0.promises);
        drop(state);
        call(called);
        Ok(())
    }

    /// Says that nothing more will be sent: the peer sees the end of the stream
    /// behind the last byte. What it sends still arrives.
    pub fn finish(&self) {
        self.wish(Wish::Finish);
    }

    /// Ends the connection in good order: what was sent is written, what the
    /// peer still sends is thrown away.
    pub fn close(&self) {
        self.wish(Wish::Close);
    }

    /// Ends the connection at once. What is unsent is lost, and the peer of a
    /// TCP connection sees a reset.
    pub fn abort(&self) {
        self.wish(Wish::Abort);
    }

    /// Returns how many bytes were sent here and not yet taken by the operating system.
    pub fn unsent(&self) -> usize {
        self.0.state.lock().outflow.unsent()
    }

    fn wish(&self, wish: Wish) {
        let mut state = self.0.state.lock();
        if state.outflow.wish(wish) {
            let called = state.promise(&self.0.promises);
            drop(state);
            call(called);
        }
    }

    pub(super) fn agree_on(&self, protocol: Option<&str>) {
        if protocol.is_some() {
            self.0.state.lock().protocol = protocol.map(Box::from);
        }
    }

    /// Returns what the events of this connection travel with.
    pub(super) fn meta(&self) -> Meta {
        self.0.meta
    }

    /// Says where the connection is from now on.
    pub(super) fn settle(&self, calls: &Arc<Calls>, place: Place) {
        self.0.state.lock().source = Some((Arc::clone(calls), place));
    }

    /// Looks at the sending half.
    pub(super) fn outflow<R>(&self, look: impl FnOnce(&mut Outflow) -> R) -> R {
        look(&mut self.0.state.lock().outflow)
    }

    /// Says that the source looks at it now: the next change calls it again.
    pub(super) fn attend(&self) {
        self.0.state.lock().called = false;
    }

    /// Gives bytes that were read, to be kept in memory that was used before.
    pub(super) fn fresh<'r>(&'r self, bytes: &'r [u8]) -> Fresh<'r> {
        let spares = &self.0.spares;
        Fresh { bytes, spares }
    }

    /// Says that bytes of this connection go into the graph.
    pub(super) fn hold(&self, bytes: Vec<u8>) -> Received {
        self.0.state.lock().input = Input::Held;
        let link = Some(self.clone());
        Received { bytes, link }
    }

    /// Tells whether bytes of this connection are in the graph; if so, has the
    /// source called when they are not any more.
    pub(super) fn hungers(&self) -> bool {
        let mut state = self.0.state.lock();
        if state.input == Input::Free {
            return false;
        }
        state.input = Input::Wanted;
        true
    }

    /// Makes a promise, if none is open: a drain waits until [`rest`](Self::rest).
    pub(super) fn promise(&self) {
        let _ = self.0.state.lock().promise(&self.0.promises);
    }

    /// Keeps the promise, if the connection is at rest.
    pub(super) fn rest(&self, at_rest: impl FnOnce(&Outflow) -> bool) {
        let mut state = self.0.state.lock();
        if state.promised && at_rest(&state.outflow) {
            state.promised = false;
            self.0.promises.keep();
        }
    }

    /// Accepts nothing more; returns how many bytes are lost by that.
    pub(super) fn end(&self) -> usize {
        self.0.state.lock().outflow.end()
    }

    fn release(&self) {
        let mut state = self.0.state.lock();
        let wanted = mem::replace(&mut state.input, Input::Free) == Input::Wanted;
        let called = if wanted { state.summon() } else { None };
        drop(state);
        call(called);
    }
}

impl State {
    /// Has a drain wait for the source, and says whom to call.
    fn promise(&mut self, promises: &Promises) -> Option<(Arc<Calls>, Place)> {
        if !mem::replace(&mut self.promised, true) {
            promises.make();
        }
        self.summon()
    }

    /// Says whom to call, if that is not done already.
    fn summon(&mut self) -> Option<(Arc<Calls>, Place)> {
        if self.called || self.outflow.has_ended() {
            return None;
        }
        let (calls, place) = self.source.as_ref()?;
        self.called = true;
        Some((Arc::clone(calls), *place))
    }
}

/// Calls a source; not under the lock, since it may take a system call.
fn call(called: Option<(Arc<Calls>, Place)>) {
    if let Some((calls, place)) = called {
        calls.call(place);
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("number", &self.0.number)
            .field("peer", &self.0.peer)
            .finish_non_exhaustive()
    }
}

/// Is bytes that a peer has sent.
///
/// While it lives, its connection is not read: one connection has at most this
/// much in a graph, whatever the queues. Whoever is slow with it, or passes it
/// on to a stage that is, slows down this peer and no other.
pub struct Received {
    bytes: Vec<u8>,
    link: Option<Link>,
}

impl Received {
    /// Takes the bytes out, and lets the connection be read on.
    pub fn into_vec(mut self) -> Vec<u8> {
        mem::take(&mut self.bytes)
    }
}

impl Deref for Received {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Received> for Vec<u8> {
    fn from(received: Received) -> Self {
        received.into_vec()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            link.0.spares.put(mem::take(&mut self.bytes));
            link.release();
        }
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({} bytes)", self.bytes.len())
    }
}
