//! The timer wheel against an ordered map: same timers, same order, never early.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use seda_io::timer::{TimerKey, Timers, TimersFull};

const TIMERS_MAX: usize = 32;

#[derive(Debug, Clone)]
enum Operation {
    Arm { ahead: u64 },
    Cancel { nth: usize },
    Advance { by: u64 },
}

/// Distances of every magnitude, so that every level of the wheel is used.
fn distance() -> impl Strategy<Value = u64> {
    (0_u32..64, any::<u64>()).prop_map(|(bits, value)| value >> bits)
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        3 => distance().prop_map(|ahead| Operation::Arm { ahead }),
        1 => (0_usize..64).prop_map(|nth| Operation::Cancel { nth }),
        2 => distance().prop_map(|by| Operation::Advance { by }),
    ]
}

struct Reference {
    resolution: u64,
    reached: u64,
    armed: BTreeMap<u64, u64>,
}

impl Reference {
    /// The ticks and tokens that are due, earliest first, tokens of a tick in order.
    fn due(&mut self, now: u64) -> Vec<(u64, u64)> {
        self.reached = self.reached.max(now / self.resolution);
        let mut due: Vec<_> = self
            .armed
            .iter()
            .map(|(&token, &tick)| (tick, token))
            .collect();
        due.retain(|&(tick, _)| tick <= self.reached);
        due.sort_unstable();
        self.armed.retain(|_, tick| *tick > self.reached);
        due
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_wheel_fires_what_an_ordered_map_would(
        start in distance(),
        resolution in prop_oneof![Just(1_u64), Just(1_000_000), 1_u64..5_000],
        operations in prop::collection::vec(operation(), 1..80),
    ) {
        let mut timers = Timers::new(start, Duration::from_nanos(resolution), TIMERS_MAX);
        let mut reference = Reference { resolution, reached: start / resolution, armed: BTreeMap::new() };
        let mut keys: Vec<(TimerKey, u64)> = Vec::new();
        let mut now = start;
        for (token, operation) in (0_u64..).zip(operations) {
            match operation {
                Operation::Arm { ahead } => {
                    let at = now.saturating_add(ahead);
                    let armed = timers.arm(at, token);
                    if reference.armed.len() == TIMERS_MAX {
                        prop_assert_eq!(armed, Err(TimersFull { capacity: TIMERS_MAX }));
                    } else {
                        keys.push((armed.unwrap(), token));
                        let tick = at.div_ceil(resolution).max(reference.reached);
                        reference.armed.insert(token, tick);
                    }
                }
                Operation::Cancel { nth } if !keys.is_empty() => {
                    let (key, token) = keys[nth % keys.len()];
                    let expected = reference.armed.remove(&token).map(|_| token);
                    prop_assert_eq!(timers.cancel(key), expected);
                }
                Operation::Cancel { .. } => {}
                Operation::Advance { by } => {
                    now = now.saturating_add(by);
                    let mut fired = Vec::new();
                    let expected = reference.due(now);
                    while let Some(token) = timers.pop(now) {
                        prop_assert!(fired.len() < expected.len(), "fired token {} too early", token);
                        fired.push((expected[fired.len()].0, token));
                    }
                    // Sorting moves tokens within their tick only: the ticks are in order already.
                    fired.sort_unstable();
                    prop_assert_eq!(fired, expected);
                }
            }
            prop_assert_eq!(timers.len(), reference.armed.len());
            let earliest = reference.armed.values().min().map(|tick| tick.saturating_mul(resolution));
            let next = timers.next_at();
            prop_assert_eq!(next.is_some(), earliest.is_some());
            prop_assert!(next <= earliest, "sleeping until {:?} misses {:?}", next, earliest);
        }
    }
}

#[test]
fn sleeping_until_next_at_reaches_a_far_timer_in_a_few_steps() {
    let mut timers = Timers::new(0, Duration::from_millis(1), 1);
    let at = 3_600_000_000_123;
    timers.arm(at, 7).unwrap();
    let mut wakes = 0;
    let fired_at = loop {
        let now = timers.next_at().unwrap();
        if timers.pop(now).is_some() {
            break now;
        }
        wakes += 1;
    };
    assert_eq!(fired_at, at.next_multiple_of(1_000_000));
    assert!(wakes <= 10, "{wakes} wakes before the timer");
}

#[test]
fn a_near_timer_is_slept_for_exactly() {
    let mut timers = Timers::new(0, Duration::from_millis(1), 1);
    timers.arm(40_000_001, 7).unwrap();
    assert_eq!(timers.next_at(), Some(41_000_000));
    assert_eq!(timers.pop(40_999_999), None);
    assert_eq!(timers.pop(41_000_000), Some(7));
}

#[test]
fn a_clock_that_steps_back_fires_nothing_early() {
    let mut timers = Timers::new(0, Duration::from_millis(1), 2);
    timers.arm(5_000_000, 5).unwrap();
    assert_eq!(timers.pop(4_000_000), None);
    assert_eq!(timers.pop(1_000_000), None);
    timers.arm(2_000_000, 2).unwrap();
    assert_eq!(timers.pop(4_000_000), Some(2));
    assert_eq!(timers.pop(4_000_000), None);
    assert_eq!(timers.pop(5_000_000), Some(5));
}

#[test]
fn a_key_of_a_fired_timer_does_not_cancel_its_successor() {
    let mut timers = Timers::new(0, Duration::from_millis(1), 1);
    let fired = timers.arm(0, 1).unwrap();
    assert_eq!(timers.pop(0), Some(1));
    timers.arm(9_000_000, 2).unwrap();
    assert_eq!(timers.cancel(fired), None);
    assert_eq!(timers.len(), 1);
}
