//! Says for the operator when a class was served by the guard alone.

use std::time::Duration;

use crate::clock::Tick;
use crate::control::{ClassSample, Controller, Decision, Sample};
use crate::meta::Class;

/// How often it looks: as often as one class may need the guard by default.
const PERIOD: Duration = Duration::from_secs(1);

/// Writes down what the guard did that sees to it that no class goes unserved:
/// it acts where events enter and where they are taken, and has no words there.
///
/// A stage with classes that something refuses events of has one.
#[derive(Debug, Default)]
pub(crate) struct ClassGuard {
    before: [ClassSample; Class::COUNT_MAX],
}

impl Controller for ClassGuard {
    fn name(&self) -> &'static str {
        "class guard"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn update(&mut self, _now: Tick, sample: &Sample) -> Decision {
        let classes = self.before.iter().zip(&sample.classes).enumerate();
        let words: Vec<String> = classes
            .filter_map(|(class, (before, now))| words(class, before, now))
            .collect();
        self.before = sample.classes;
        Decision {
            reason: words.join("; "),
            ..Decision::none()
        }
    }
}

fn words(class: usize, before: &ClassSample, now: &ClassSample) -> Option<String> {
    let let_in = now.let_in.saturating_sub(before.let_in);
    let first = now.served_first.saturating_sub(before.served_first);
    (let_in + first > 0).then(|| {
        format!("class {class} went unserved for too long: {let_in} let in that would have been refused, {first} served first")
    })
}

#[cfg(test)]
mod tests {
    use super::ClassGuard;
    use crate::clock::Tick;
    use crate::control::{Controller, Decision, Sample};

    #[test]
    fn what_the_guard_did_is_said_once() {
        let mut guard = ClassGuard::default();
        let mut sample = Sample::default();
        assert_eq!(guard.update(Tick::ZERO, &sample), Decision::none());
        sample.classes[2].let_in = 1;
        sample.classes[2].served_first = 3;
        let reason = guard.update(Tick::ZERO, &sample).reason;
        assert!(
            reason.starts_with("class 2 ")
                && reason.contains("1 let in")
                && reason.contains("3 served"),
            "{reason}"
        );
        assert_eq!(guard.update(Tick::ZERO, &sample), Decision::none());
    }
}
