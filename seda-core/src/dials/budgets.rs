//! The latency budgets of classes that have one of their own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::nanos;
use crate::meta::Class;

/// Says what a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BudgetOf {
    /// The stage.
    Stage,
    /// The path that begins at it.
    Path,
}

/// Is the budgets of classes that have their own, in nanoseconds; 0 is none.
#[derive(Debug)]
pub(crate) struct ClassBudgets {
    stage: [AtomicU64; Class::COUNT_MAX],
    path: [AtomicU64; Class::COUNT_MAX],
}

impl ClassBudgets {
    pub(crate) const fn new() -> Self {
        Self {
            stage: [const { AtomicU64::new(0) }; Class::COUNT_MAX],
            path: [const { AtomicU64::new(0) }; Class::COUNT_MAX],
        }
    }

    pub(crate) fn set(&self, of: BudgetOf, class: usize, budget: Duration) {
        if let Some(place) = self.all(of).get(class) {
            place.store(nanos(budget), Ordering::Relaxed);
        }
    }

    pub(crate) fn get(&self, of: BudgetOf, class: usize) -> Option<Duration> {
        let budget = self.all(of).get(class)?.load(Ordering::Relaxed);
        (budget > 0).then(|| Duration::from_nanos(budget))
    }

    /// Gives the longest budget of a class for the stage.
    pub(crate) fn longest(&self) -> Option<Duration> {
        let budgets = (0..Class::COUNT_MAX).filter_map(|class| self.get(BudgetOf::Stage, class));
        budgets.max()
    }

    const fn all(&self, of: BudgetOf) -> &[AtomicU64; Class::COUNT_MAX] {
        match of {
            BudgetOf::Stage => &self.stage,
            BudgetOf::Path => &self.path,
        }
    }
}
