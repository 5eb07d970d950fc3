//! One run: a variant with so many clients.

use std::thread;
use std::time::Duration;

use seda_core::{BoxError, Clock, Ledger, Running, Tick};

use crate::cpu_time;
use crate::quantiles;
use crate::record::Run;
use crate::scenario::{Scenario, Variant};
use crate::threads::labour::Labour;
use crate::threads::ring::{CLIENTS, FIRST, Ring};
use crate::threads::tally::{Tallies, Total, Window};

/// After the time that counts, what was asked last may take so many targets.
const AFTER: u32 = 4;

/// Is one run that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Lap<'s> {
    pub(super) variant: &'s Variant,
    pub(super) clients: u64,
    pub(super) round: u64,
}

impl Lap<'_> {
    /// Makes it.
    ///
    /// # Blocking
    ///
    /// For its warm-up and its time, and until the last answer.
    pub(super) fn run(&self, scenario: &Scenario) -> Result<Run, BoxError> {
        let clock = Clock::real();
        let from = clock.now().after(scenario.times.warm_up.0);
        let window = Window {
            from,
            until: from.after(scenario.times.measured.0),
            target: scenario.target.0,
        };
        let labour = Labour::of(&scenario.server).ok_or("work on threads is constant")?;
        let clients = usize::try_from(self.clients)?;
        let tallies = Tallies::new(window)?;
        let ring = Ring {
            server: &scenario.server,
            variant: self.variant,
            labour,
            clients,
            tallies: tallies.clone(),
        };
        let running = ring.graph().start(ring.plan())?;
        let used = used_within(&clock, window);
        let ledger = ended(&running, scenario.target.0 * AFTER);
        let total = tallies.total(clients);
        audit(&ledger, &total, self.clients)?;
        Ok(self.sum_up(scenario, &total, used))
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of events")]
    fn sum_up(&self, scenario: &Scenario, total: &Total, used: Duration) -> Run {
        let answers = total.latency.len();
        let each = |time: Duration| time.as_secs_f64() * 1e6 / answers as f64;
        Run {
            variant: self.variant.name.clone(),
            seed: self.round,
            clients: Some(self.clients),
            seconds: scenario.times.measured.0.as_secs_f64(),
            outcomes: total.outcomes,
            latency: quantiles::distribution(&total.latency),
            fairness: Some(total.fairness.clone()),
            cpu_us: (answers > 0).then(|| each(used)),
            ..Run::default()
        }
    }
}

/// Waits for the end of the time that counts; gives the CPU time used in it.
fn used_within(clock: &Clock, window: Window) -> Duration {
    let sleep_until = |moment: Tick| thread::sleep(moment.since(clock.now()));
    sleep_until(window.from);
    let before = cpu_time::process();
    sleep_until(window.until);
    cpu_time::process().saturating_sub(before)
}

/// Has everybody who still waits be answered, within some time; nobody asks any more.
fn ended(running: &Running, patience: Duration) -> Ledger {
    let ended = running.drain(patience);
    ended.unwrap_or_else(|late| late.ledger)
}

/// Holds what was counted against the graph's own account.
fn audit(ledger: &Ledger, total: &Total, clients: u64) -> Result<(), BoxError> {
    let [first, last] = [FIRST, CLIENTS].map(|name| ledger.stage(name));
    let (first, last) = first.zip(last).ok_or("a stage is in no account")?;
    let exact = ledger.balances()
        && ledger.is_empty()
        && last.handled == total.seen
        && first.accepted == total.asked
        && total.outcomes.is_exact();
    if exact {
        return Ok(());
    }
    let outcomes = &total.outcomes;
    Err(format!(
        "the account is not exact, so that the run shows nothing; report it: \
         {} answers to {clients} clients, {outcomes:?}\n{ledger}",
        total.seen
    )
    .into())
}
