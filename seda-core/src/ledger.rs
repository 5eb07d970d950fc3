//! Where every event is: the account that must balance at any time (contract 2).

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::rejected::Reason;
use crate::roster::Roster;
use crate::stage::core::StageControl;
use crate::stats::meter::Meter;

/// Counts events given back, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rejections {
    /// For want of room.
    pub full: u64,
    /// By the admission policy.
    pub shed: u64,
    /// Since their deadline had passed.
    pub expired: u64,
    /// Since the stage took no more.
    pub closed: u64,
}

impl Rejections {
    pub(crate) fn add(&mut self, counts: [u64; Reason::ALL.len()]) {
        let [full, shed, expired, closed] = counts;
        self.full += full;
        self.shed += shed;
        self.expired += expired;
        self.closed += closed;
    }

    /// Gives the sum over all reasons.
    pub const fn total(&self) -> u64 {
        self.full + self.shed + self.expired + self.closed
    }
}

/// Is the account of one stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The stage.
    pub stage: Arc<str>,
    /// Events that anybody tried to enqueue: accepted and rejected.
    pub offered: u64,
    /// Events that entered the queue.
    pub accepted: u64,
    /// Events that were given back, by reason.
    pub rejected: Rejections,
    /// Events that a handler took without failing.
    pub handled: u64,
    /// Events that a handler lost by an error or a panic.
    pub failed: u64,
    /// Events whose deadline passed in the queue.
    pub expired: u64,
    /// Events buried at a stop, in a quarantine, or to make room.
    pub dead_lettered: u64,
    /// Events that wait.
    pub queued: u64,
    /// Events taken by a worker and not finished.
    pub in_hand: u64,
}

impl Account {
    pub(crate) fn of(stage: &dyn StageControl) -> Self {
        let common = stage.common();
        let sum = |count: fn(&Meter) -> u64| common.meters().map(count).sum();
        // Finished first, then taken, then accepted: an event on its way is
        // never counted at its later place and not at its earlier one.
        let (handled, failed, expired): (u64, u64, u64) = (
            sum(|meter| meter.handled.get()),
            sum(|meter| meter.failed.get()),
            sum(|meter| meter.expired.get()),
        );
        let buried: u64 = sum(|meter| meter.dead.get());
        let outside = common
            .dead_outside
            .load(std::sync::atomic::Ordering::Acquire);
        let dead_lettered = buried + outside;
        let taken: u64 = sum(|meter| meter.taken.get());
        let taken = taken + outside;
        let mut rejected = Rejections::default();
        let mut accepted = 0;
        for edge in common.edges() {
            rejected.add(edge.rejected());
            accepted += stage.accepted_over(&edge);
        }
        Self {
            stage: Arc::clone(&common.name),
            offered: accepted + rejected.total(),
            accepted,
            rejected,
            handled,
            failed,
            expired,
            dead_lettered,
            queued: accepted.saturating_sub(taken),
            in_hand: taken.saturating_sub(handled + failed + expired + dead_lettered),
        }
    }

    /// Tells whether every event is where the account says.
    pub const fn balances(&self) -> bool {
        let finished = self.handled + self.failed + self.expired + self.dead_lettered;
        self.offered == self.accepted + self.rejected.total()
            && self.accepted == finished + self.queued + self.in_hand
    }
}

/// Is the account of every stage of a graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// One account for each stage, in the order the stages were made.
    pub accounts: Vec<Account>,
}

impl Ledger {
    pub(crate) fn of(roster: &Roster) -> Self {
        Self {
            accounts: roster.iter().map(Account::of).collect(),
        }
    }

    /// Gives the account of a stage.
    pub fn stage(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| &*account.stage == name)
    }

    /// Tells whether every account balances.
    pub fn balances(&self) -> bool {
        self.accounts.iter().all(Account::balances)
    }

    /// Tells whether nothing is queued or in hand.
    pub fn is_empty(&self) -> bool {
        let busy = |account: &Account| account.queued + account.in_hand > 0;
        !self.accounts.iter().any(busy)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<20} {:>12} {:>12} {:>10} {:>12} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "stage",
            "offered",
            "accepted",
            "rejected",
            "handled",
            "failed",
            "expired",
            "dead",
            "queued",
            "in hand"
        )?;
        for account in &self.accounts {
            writeln!(
                f,
                "{:<20} {:>12} {:>12} {:>10} {:>12} {:>8} {:>8} {:>8} {:>8} {:>8}",
                account.stage,
                account.offered,
                account.accepted,
                account.rejected.total(),
                account.handled,
                account.failed,
                account.expired,
                account.dead_lettered,
                account.queued,
                account.in_hand
            )?;
        }
        Ok(())
    }
}
