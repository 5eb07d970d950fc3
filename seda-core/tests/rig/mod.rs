//! What the tests share: waiting on figures, gates for handlers, scripts, the ledger's identities.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each test file uses a part of it, and a helper that fails fails its test"
)]

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use seda_core::{Account, Graph, Ledger, Overflow, Running, Sink, Stage};

/// How long a test waits for what must happen before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Spins, yielding, until `done` says so.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

/// Keeps panics that say "on purpose" off the terminal, and no others.
pub(crate) fn hush_panics_on_purpose() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if panic.payload_as_str() != Some("on purpose") {
                usual(panic);
            }
        }));
    });
}

/// Gives the account of a stage that must be there.
pub(crate) fn account(ledger: &Ledger, stage: &str) -> Account {
    ledger.stage(stage).expect("the stage is known").clone()
}

/// Gives the present account of a stage.
pub(crate) fn now(running: &Running, stage: &str) -> Account {
    account(&running.ledger(), stage)
}

/// Fails unless every account balances.
pub(crate) fn assert_exact(ledger: &Ledger) {
    for account in &ledger.accounts {
        assert!(account.balances(), "unbalanced: {account:?}");
    }
}

/// Drains a graph that must drain, and checks its ledger.
pub(crate) fn drained(running: &Running) -> Ledger {
    let ledger = running
        .drain(PATIENCE)
        .unwrap_or_else(|error| panic!("{error}\n{}", error.ledger));
    assert_exact(&ledger);
    assert!(ledger.is_empty(), "something is left:\n{ledger}");
    ledger
}

/// Holds handlers until the test lets them go on.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<Passes>, Condvar)>);

#[derive(Default)]
struct Passes {
    open: bool,
    left: usize,
    arrived: usize,
}

impl Gate {
    /// Waits until the gate is open or a pass is left, which it uses up.
    pub(crate) fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.arrived += 1;
        changed.notify_all();
        let blocked = |state: &mut Passes| !state.open && state.left == 0;
        let (mut state, waited) = changed
            .wait_timeout_while(state, PATIENCE, blocked)
            .unwrap();
        assert!(!waited.timed_out(), "nobody opened the gate");
        if !state.open {
            state.left -= 1;
        }
    }

    /// Lets everybody through from now on.
    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    /// Lets `n` more through.
    pub(crate) fn let_through(&self, n: usize) {
        self.0.0.lock().unwrap().left += n;
        self.0.1.notify_all();
    }

    /// Waits until `n` have come to the gate since the beginning.
    pub(crate) fn await_arrivals(&self, n: usize) {
        let (state, changed) = &*self.0;
        let few = |state: &mut Passes| state.arrived < n;
        let state = state.lock().unwrap();
        let (_state, waited) = changed.wait_timeout_while(state, PATIENCE, few).unwrap();
        assert!(!waited.timed_out(), "fewer than {n} came to the gate");
    }
}

/// What a scripted stage does with its sink. It must not assert: a panic in a
/// handler is caught. It sends what it saw to the test.
pub(crate) type Script<E> = Box<dyn FnOnce(&Sink<E>) + Send>;

/// Makes a stage that runs scripts with a sink for `to`.
pub(crate) fn scripted<E: Send + 'static>(
    graph: &mut Graph,
    name: &str,
    to: &Stage<E>,
    overflow: Overflow,
) -> Stage<Script<E>> {
    graph.stage(name).each_with(|wire| {
        let sink = wire.to(to).overflow(overflow);
        move |script: Script<E>| {
            script(&sink);
            Ok(())
        }
    })
}
