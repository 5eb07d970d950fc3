//! One run: a variant with so many clients.

use std::thread;
use std::time::{Duration, Instant};

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
/// How long clients may take until the last of them is under way.
const COMING: Duration = Duration::from_secs(30);
/// How often it is looked whether they are.
const LOOK: Duration = Duration::from_millis(1);

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
        let labour = Labour::of(&scenario.server).ok_or("work on threads is constant")?;
        let clients = usize::try_from(self.clients)?;
        let tallies = Tallies::new()?;
        let ring = Ring {
            server: &scenario.server,
            variant: self.variant,
            labour,
            clients,
            tallies: tallies.clone(),
        };
        let running = ring.graph().start(ring.plan())?;
        wait_for(&tallies, self.clients)?;
        let from = running.now().after(scenario.times.warm_up.0);
        let window = Window {
            from,
            until: from.after(scenario.times.measured.0),
            target: scenario.target.0,
        };
        tallies.open(window);
        let used = used_within(running.clock(), window);
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

/// Waits until everybody is under way.
fn wait_for(tallies: &Tallies, clients: u64) -> Result<(), BoxError> {
    let since = Instant::now();
    while tallies.come() < clients {
        if since.elapsed() > COMING {
            let come = tallies.come();
            return Err(format!(
                "only {come} of {clients} clients were under way after {} s, \
                 give fewer or a machine that does less else",
                COMING.as_secs()
            )
            .into());
        }
        thread::sleep(LOOK);
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Lap, audit, wait_for};
    use crate::scenario::{Scenario, Variant};
    use crate::threads::labour::Labour;
    use crate::threads::ring::Ring;
    use crate::threads::tally::{Tallies, Total, Window};

    const SHORT: &str = r#"
        name = "short"
        title = "Short"
        about = "Two stages."
        target = "10s"
        server = { servers = 1, stages = 2, work = { kind = "constant", each = "0us" } }
        load = { kind = "closed", clients = [3], client = { think = "0ms", jitter = "0ms" } }
        times = { measured = "1ms" }
    "#;

    /// Has three clients go round until a moment that is over.
    fn ended() -> (seda_core::Ledger, Total) {
        let scenario = Scenario::read("short.toml", SHORT).unwrap();
        let tallies = Tallies::new().unwrap();
        let variant = Variant::default();
        let ring = Ring {
            server: &scenario.server,
            variant: &variant,
            labour: Labour::None,
            clients: 3,
            tallies: tallies.clone(),
        };
        let running = ring.graph().start(ring.plan()).unwrap();
        wait_for(&tallies, 3).unwrap();
        tallies.open(Window {
            from: running.now(),
            until: running.now(),
            target: Duration::ZERO,
        });
        let ledger = running.drain(Duration::from_secs(30)).unwrap();
        (ledger, tallies.total(3))
    }

    #[test]
    fn an_answer_that_the_ledger_does_not_know_is_told() {
        let (ledger, total) = ended();
        audit(&ledger, &total, 3).unwrap();
        let more = Total {
            seen: total.seen + 1,
            ..total
        };
        let said = audit(&ledger, &more, 3).unwrap_err().to_string();
        assert!(said.contains("the account is not exact"), "{said}");
    }

    #[test]
    fn a_lap_says_what_became_of_every_event() {
        let scenario = Scenario::read("short.toml", SHORT).unwrap();
        let lap = Lap {
            variant: &Variant::default(),
            clients: 3,
            round: 7,
        };
        let run = lap.run(&scenario).unwrap();
        assert!(run.outcomes.is_exact());
        assert_eq!((run.seed, run.clients), (7, Some(3)));
        assert_eq!((run.outcomes.rejected, run.outcomes.failed), (0, 0));
        assert_eq!(
            run.latency.spread.count,
            run.outcomes.good + run.outcomes.late
        );
    }
}
