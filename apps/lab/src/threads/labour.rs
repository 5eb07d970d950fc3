//! What a stage does for each event, on a real thread.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use crate::cpu_time;
use crate::scenario::{Server, Work};

/// How many steps are burnt between two looks at the clock: some hundred nanoseconds.
const STEPS: u32 = 200;

/// Is what a stage does for each event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Labour {
    /// Nothing, so that what is left is what a stage costs.
    None,
    /// Uses so much CPU time, which a noisy neighbour cannot take part in.
    Burn(Duration),
    /// Waits so long, as for a disk.
    Wait(Duration),
}

impl Labour {
    /// Gives what a server's stages do; none where their work is not constant.
    pub(super) const fn of(server: &Server) -> Option<Self> {
        let Work::Constant { each } = &server.work else {
            return None;
        };
        Some(match (each.0, server.threads) {
            (Duration::ZERO, _) => Self::None,
            (each, None) => Self::Burn(each),
            (each, Some(_)) => Self::Wait(each),
        })
    }

    /// Does it.
    ///
    /// # Blocking
    ///
    /// For as long as the work is.
    pub(super) fn perform(self) {
        match self {
            Self::None => {}
            Self::Burn(each) => burn(each),
            Self::Wait(each) => thread::sleep(each),
        }
    }
}

fn burn(each: Duration) {
    let until = cpu_time::thread() + each;
    while cpu_time::thread() < until {
        for step in 0..STEPS {
            black_box(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Labour;
    use crate::cpu_time;

    #[test]
    fn what_is_burnt_is_time_of_this_thread() {
        let each = Duration::from_millis(2);
        let before = cpu_time::thread();
        Labour::Burn(each).perform();
        let burnt = cpu_time::thread().saturating_sub(before);
        assert!(burnt >= each, "{burnt:?}");
        let before = cpu_time::thread();
        Labour::Wait(each).perform();
        let used = cpu_time::thread().saturating_sub(before);
        assert!(used < each, "{used:?}");
    }
}
