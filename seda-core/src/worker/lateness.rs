//! On which terms a batch gives its events out, and which of them are too late.

use std::time::Duration;

use crate::clock::Tick;
use crate::dials::budgets::BudgetOf;
use crate::dials::serving::Serving;
use crate::handler::Handler;
use crate::queue::terms::Terms;
use crate::worker::runner::StageRunner;

/// An event that has waited for this part of its stage's budget is given up:
/// what is left would not be enough to handle it (load-conditioning.md §2).
const WAIT_SHARE_MAX: f64 = 0.9;
/// One that has waited for less than this part is not, however long events
/// take: else nothing might ever be handled that showed them to be quicker again.
const WAIT_SHARE_MIN: f64 = 0.5;

impl<H: Handler> StageRunner<H> {
    pub(super) fn terms(&self, now: Tick) -> Terms {
        let serving = &self.crew.core.common.dials.serving;
        if serving.is_plain() {
            return Terms {
                now,
                due_after: now.after_nanos(self.pace.median()),
                fresh_from: Tick::ZERO,
            };
        }
        self.bounded_terms(serving, now)
    }

    fn bounded_terms(&self, serving: &Serving, now: Tick) -> Terms {
        let due_after = now.after_nanos(self.pace.median() + serving.service_beyond());
        if serving.has_classes() {
            self.tell_waits(serving);
            let fresh_from = Terms::BY_CLASS;
            return Terms {
                now,
                due_after,
                fresh_from,
            };
        }
        let budget = serving.target().map(|budget| self.wait_for(budget));
        let longest = serving.wait_max().into_iter().chain(budget).min();
        Terms {
            now,
            due_after,
            fresh_from: longest.map_or(Tick::ZERO, |longest| now.before(longest)),
        }
    }

    /// Says for each class how long its events may wait. The workers' ideas of
    /// how long an event takes differ; the last one's stands.
    fn tell_waits(&self, serving: &Serving) {
        let common = &self.crew.core.common;
        let classes = common.class_count.get().copied().unwrap_or(0);
        let usual = serving.target().map(|budget| self.wait_for(budget));
        for class in 0..classes {
            let own = common.dials.budgets.get(BudgetOf::Stage, class);
            let budget = own.map(|budget| self.wait_for(budget)).or(usual);
            let longest = serving.wait_max().into_iter().chain(budget).min();
            common.census.guard.set_wait_max(class, longest);
        }
    }

    /// Gives how long an event may wait that is worth handling: what is left of
    /// the budget should be enough for 49 of 50 (ADR 0015).
    fn wait_for(&self, budget: Duration) -> Duration {
        let left = budget.saturating_sub(Duration::from_nanos(self.pace.long()));
        let share = |part| budget.mul_f64(part);
        left.clamp(share(WAIT_SHARE_MIN), share(WAIT_SHARE_MAX))
    }
}
