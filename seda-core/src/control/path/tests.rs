//! The division of a path's target by itself; in simulated graphs see `tests/paths.rs`.

use std::time::Duration;

use super::{Leg, Passage, PathTarget};
use crate::clock::Tick;
use crate::control::Sample;
use crate::meta::Class;

const MILLI: Duration = Duration::from_millis(1);

/// Is a stage that has served `served` events in `each`, and sends all to `to`.
fn leg(served: u32, each: Duration, to: Option<usize>) -> Leg {
    Leg {
        sample: Sample {
            served: served.into(),
            busy: each * served,
            threads: 1,
            ..Sample::default()
        },
        flows: to.map(|to| (to, served.into())).into_iter().collect(),
    }
}

/// A path of three stages: 1 ms at the entry, then 3 ms, then 0.1 ms.
fn three(served: u32) -> Vec<Leg> {
    vec![
        leg(served, MILLI / 10, None),
        leg(served, MILLI * 3, Some(0)),
        leg(served, MILLI, Some(1)),
    ]
}

fn near(time: Duration, micros: u64) -> bool {
    time.abs_diff(Duration::from_micros(micros)) < Duration::from_micros(2)
}

#[test]
fn the_budget_is_divided_by_what_stages_take() {
    let mut path = PathTarget::new(MILLI * 41, 3);
    let (passages, reason) = path.update(Tick::ZERO, &three(10));
    let [last, middle, entry] = passages.try_into().unwrap();
    // The last would get a forty-first, and has an eighth.
    assert!(
        near(last.share, 5_125) && near(middle.share, 30_000),
        "{last:?} {middle:?}"
    );
    assert!(near(entry.share, 41_000), "the entry has it all: {entry:?}");
    assert!(near(entry.service, 3_100) && near(middle.service, 100));
    assert!(reason.unwrap().contains("41ms for the whole way"));
}

#[test]
fn waits_further_down_are_foreseen_at_the_entry() {
    let mut path = PathTarget::new(MILLI * 100, 3);
    let mut legs = three(10);
    legs[1].sample.queued = 8;
    legs[1].sample.drain = Some([250.0; Class::COUNT_MAX]);
    let (passages, _) = path.update(Tick::ZERO, &legs);
    let entry = passages[2];
    // Eight events at 250 a second, then what three stages take.
    assert!(near(entry.beyond, 35_100), "{entry:?}");
    assert!(near(entry.service, 3_100), "{entry:?}");
}

#[test]
fn the_slowest_stage_further_down_is_known_further_up() {
    let mut path = PathTarget::new(MILLI * 41, 3);
    let (passages, _) = path.update(Tick::ZERO, &three(10));
    let slowest = passages
        .iter()
        .map(|passage| passage.slowest.map(f64::round));
    // 10,000 a second at the end, 333 in the middle.
    assert_eq!(
        slowest.collect::<Vec<_>>(),
        [None, Some(10_000.0), Some(333.0)]
    );
}

#[test]
fn a_stage_that_few_come_to_counts_as_much_as_they_do() {
    let mut path = PathTarget::new(MILLI * 10, 2);
    let rare = leg(1, MILLI * 5, None);
    let mut entry = leg(10, MILLI, None);
    entry.flows = vec![(0, 1)];
    let (passages, _) = path.update(Tick::ZERO, &[rare, entry]);
    assert!(near(passages[1].service, 500), "{:?}", passages[1]);
}

#[test]
fn what_does_not_change_is_no_news_and_silence_forgets_nothing() {
    let mut path = PathTarget::new(MILLI * 41, 3);
    let first = path.update(Tick::ZERO, &three(10));
    assert!(first.1.is_some());
    let same = path.update(Tick::ZERO, &three(10));
    assert_eq!(same, (first.0.clone(), None));
    let (later, news) = path.update(Tick::ZERO, &three(20));
    assert_eq!((later, news), (first.0, None));
}

#[test]
fn before_the_first_event_the_whole_budget_is_everybodys() {
    let mut path = PathTarget::new(MILLI, 2);
    let nothing = [Leg::default(), Leg::default()];
    let (passages, reason) = path.update(Tick::ZERO, &nothing);
    let all = Passage {
        share: MILLI,
        ..Passage::default()
    };
    assert_eq!((passages, reason), (vec![all; 2], None));
}
