//! What the desk says to what it hears.

use super::*;
use crate::scenario::Moment;

const MS: u64 = 1_000_000;

fn rules() -> Rules {
    Rules {
        connections: 2,
        timeout: 100 * MS,
        end: 1_000 * MS,
        retries: None,
        clients: None,
        parts: Vec::new(),
        seed: 1,
    }
}

fn arrival(at: u64) -> Due {
    Due {
        at,
        what: What::Arrival,
    }
}

fn acts(desk: &mut Desk) -> Vec<Act> {
    std::iter::from_fn(|| desk.act()).collect()
}

fn sent(acts: &[Act]) -> Vec<(usize, u64, Last)> {
    let sends = acts.iter().filter_map(|act| match act {
        Act::Send(it) => Some((it.ticket, it.lane, it.last)),
        _ => None,
    });
    sends.collect()
}

fn concluded(acts: &[Act]) -> Vec<Concluded> {
    let ends = acts.iter().filter_map(|act| match act {
        Act::Concluded(concluded) => Some(*concluded),
        _ => None,
    });
    ends.collect()
}

#[test]
fn who_finds_no_connection_waits_and_counts_from_when_it_was_due() {
    let mut desk = Desk::new(rules(), []);
    for at in [0, MS, 2 * MS] {
        desk.due(arrival(at), at + 5);
    }
    let told = acts(&mut desk);
    assert_eq!(sent(&told).len(), 2);
    assert!(told.contains(&Act::Begun {
        at: MS,
        lag: 5,
        class: 0
    }));
    assert!(told.contains(&Act::Queued { at: 2 * MS }));
    desk.ended(0, End::Answered, 50 * MS);
    assert_eq!(sent(&acts(&mut desk)), [(2, 0, Last::No)]);
    desk.ended(2, End::Answered, 60 * MS);
    let end = Concluded {
        at: 2 * MS,
        sent: Some(50 * MS),
        done: 60 * MS,
        end: End::Answered,
        client: None,
        class: 0,
    };
    assert_eq!(concluded(&acts(&mut desk)), [end]);
}

#[test]
fn an_answer_behind_the_timeout_is_none_and_a_wait_ends_with_it() {
    let mut desk = Desk::new(rules(), []);
    (0..4).for_each(|_| desk.due(arrival(0), 0));
    acts(&mut desk);
    desk.ended(0, End::Answered, 101 * MS);
    let ends: Vec<End> = concluded(&acts(&mut desk))
        .iter()
        .map(|it| it.end)
        .collect();
    let timed_out = End::Failed(Failure::TimedOut);
    let unsent = End::Failed(Failure::NoConnection);
    assert_eq!(ends, [timed_out, unsent, unsent]);
    let over = Due {
        at: 0,
        what: What::Over,
    };
    desk.due(over, 102 * MS);
    assert!(!desk.is_done(), "one is under way");
    desk.ended(1, End::Rejected, 103 * MS);
    assert!(desk.is_done());
}

#[test]
fn a_request_is_tried_again_as_often_as_it_may_be_and_concluded_once() {
    let retries = Retries {
        timeout: Moment(Duration::from_millis(100)),
        times: 2,
        backoff: Moment(Duration::from_millis(10)),
        budget: None,
    };
    let mut desk = Desk::new(
        Rules {
            retries: Some(retries),
            ..rules()
        },
        [],
    );
    desk.due(arrival(0), 0);
    acts(&mut desk);
    for (ended, next) in [(MS, 11 * MS), (20 * MS, 40 * MS)] {
        desk.ended(0, End::Rejected, ended);
        let again = Due {
            at: next,
            what: What::Again(0),
        };
        assert_eq!(acts(&mut desk), [Act::Wait(again)]);
        desk.due(again, next);
        let told = acts(&mut desk);
        assert_eq!(sent(&told).len(), 1);
        assert!(told.contains(&Act::Retried { at: 0 }));
    }
    desk.ended(0, End::Rejected, 50 * MS);
    let ends = concluded(&acts(&mut desk));
    assert_eq!((ends.len(), ends[0].sent, ends[0].at), (1, Some(0), 0));
}

#[test]
fn a_budget_bounds_retries() {
    let retries = Retries {
        timeout: Moment(Duration::from_millis(100)),
        times: 3,
        backoff: Moment::default(),
        budget: Some(0.1),
    };
    let all = Rules {
        connections: 1_000,
        retries: Some(retries),
        ..rules()
    };
    let mut desk = Desk::new(all, []);
    (0..200).for_each(|_| desk.due(arrival(0), 0));
    acts(&mut desk);
    (0..200).for_each(|ticket| desk.ended(ticket, End::Rejected, MS));
    let told = acts(&mut desk);
    let again = told
        .iter()
        .filter(|act| matches!(act, Act::Wait(_)))
        .count();
    assert_eq!((again, concluded(&told).len()), (30, 170));
}

#[test]
fn a_client_thinks_closes_its_connection_in_time_and_leaves_at_the_end() {
    let habits = Habits {
        think: 20 * MS,
        jitter: 0,
        per_connection: 2,
        requests: None,
    };
    let mut desk = Desk::new(
        Rules {
            clients: Some(habits),
            ..rules()
        },
        [u64::MAX],
    );
    let mut lasts = Vec::new();
    let mut turn = Due {
        at: 0,
        what: What::Turn(0),
    };
    let mut requests = 0;
    loop {
        desk.due(turn, turn.at);
        let sends = sent(&acts(&mut desk));
        assert_eq!((sends.len(), sends[0].1), (1, 1));
        lasts.push(sends[0].2);
        requests += 1;
        desk.ended(sends[0].0, End::Answered, turn.at + 5 * MS);
        match acts(&mut desk).pop() {
            Some(Act::Wait(next)) => {
                assert_eq!(next.at, turn.at + 25 * MS);
                turn = next;
            }
            _ => break,
        }
    }
    assert_eq!(requests, 40);
    assert_eq!(lasts[..4], [Last::No, Last::Yes, Last::No, Last::Yes]);
}

#[test]
fn a_session_asks_so_often_and_leaves() {
    let habits = Habits {
        think: 0,
        jitter: 0,
        per_connection: 0,
        requests: Some(2),
    };
    let mut desk = Desk::new(
        Rules {
            clients: Some(habits),
            ..rules()
        },
        [],
    );
    desk.due(arrival(0), 0);
    assert_eq!(sent(&acts(&mut desk)), [(0, 1, Last::No)]);
    desk.ended(0, End::Answered, MS);
    let turn = Due {
        at: MS,
        what: What::Turn(0),
    };
    assert_eq!(acts(&mut desk).pop(), Some(Act::Wait(turn)));
    desk.due(turn, MS);
    assert_eq!(sent(&acts(&mut desk)), [(0, 1, Last::Yes)]);
    desk.ended(0, End::Answered, 2 * MS);
    let told = acts(&mut desk);
    assert_eq!((told.len(), concluded(&told).len()), (1, 1));
    assert!(desk.clients.is_empty());
}

#[test]
fn a_request_keeps_its_class_however_often_it_is_tried() {
    let retries = Retries {
        timeout: Moment(Duration::from_millis(100)),
        times: 1,
        backoff: Moment::default(),
        budget: None,
    };
    let mut desk = Desk::new(
        Rules {
            connections: 100,
            retries: Some(retries),
            parts: vec![0.2, 0.3],
            ..rules()
        },
        [],
    );
    let classes = |acts: &[Act]| -> Vec<(usize, u8)> {
        let sends = acts.iter().filter_map(|act| match act {
            Act::Send(it) => Some((it.ticket, it.class)),
            _ => None,
        });
        sends.collect()
    };
    (0..100).for_each(|_| desk.due(arrival(0), 0));
    let first = classes(&acts(&mut desk));
    let of = |class| first.iter().filter(|(_, is)| *is == class).count();
    assert!((0..3).all(|class| of(class) > 0), "{first:?}");
    (0..100).for_each(|ticket| desk.ended(ticket, End::Rejected, MS));
    acts(&mut desk);
    for ticket in 0..100 {
        let what = What::Again(ticket);
        desk.due(Due { at: MS, what }, MS);
    }
    assert_eq!(classes(&acts(&mut desk)), first);
    (0..100).for_each(|ticket| desk.ended(ticket, End::Answered, 2 * MS));
    let ends = concluded(&acts(&mut desk));
    let ends: Vec<u8> = ends.iter().map(|it| it.class).collect();
    let first: Vec<u8> = first.iter().map(|(_, class)| *class).collect();
    assert_eq!(ends, first);
}

/// Lets one client that thinks for 10 ms ask until it leaves; gives when it asked.
fn asked(jitter: u64, seed: u64, leaves: u64) -> Vec<u64> {
    let habits = Habits {
        think: 10 * MS,
        jitter,
        per_connection: 0,
        requests: None,
    };
    let all = Rules {
        end: 100_000 * MS,
        clients: Some(habits),
        seed,
        ..rules()
    };
    let mut desk = Desk::new(all, [leaves]);
    let (mut moments, mut at) = (Vec::new(), 0);
    loop {
        moments.push(at);
        let what = What::Turn(0);
        desk.due(Due { at, what }, at);
        let sends = sent(&acts(&mut desk));
        desk.ended(sends[0].0, End::Answered, at + MS);
        match acts(&mut desk).pop() {
            Some(Act::Wait(next)) => at = next.at,
            _ => return moments,
        }
    }
}

#[test]
fn a_client_that_joined_leaves_with_the_first_answer_behind_its_time() {
    // Asks at 0, 11, 22 …; at 99 it thinks, and asks once more.
    let moments = asked(0, 1, 105 * MS);
    assert_eq!(moments.last(), Some(&(110 * MS)), "{moments:?}");
    assert_eq!(moments.len(), 11);
}

#[test]
fn a_thought_is_longer_by_an_exponentially_distributed_time() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let moments = asked(5 * MS, seed, u64::MAX);
    assert_eq!(moments, asked(5 * MS, seed, u64::MAX));
    let gaps: Vec<u64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap >= 11 * MS));
    // Some 6,250 of 16 ms; six standard deviations of the mean are 0.38 ms.
    let mean = moments.last().unwrap() / gaps.len() as u64;
    assert!(mean.abs_diff(16 * MS) < MS / 2, "{mean} ns");
    let longer = gaps.iter().filter(|gap| **gap > 16 * MS).count();
    // 1/e of them; six standard deviations are 229.
    assert!(
        (2_000..2_600).contains(&longer),
        "{longer} of {}",
        gaps.len()
    );
}
