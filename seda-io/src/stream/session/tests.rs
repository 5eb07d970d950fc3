//! The life of one connection, told without a socket.

use std::io::ErrorKind;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::bounds::Limits;
use super::super::end::End;
use super::super::outflow::{Outflow, Wish};
use super::{Appetite, News, Session, Step};

const SECOND: u64 = 1_000_000_000;

/// A session with its sending half, and marks at 4 and 10 bytes.
struct Talk {
    session: Session,
    outflow: Outflow,
}

fn limits() -> Arc<Limits> {
    Arc::new(Limits {
        high_mark_bytes: 10,
        low_mark_bytes: 4,
        progress_bytes_min: 3,
        ..Limits::default()
    })
}

fn accepted() -> Talk {
    let mut talk = Talk {
        session: Session::accepted(limits(), 0),
        outflow: Outflow::new(&limits()),
    };
    assert_eq!(talk.news(), Some(News::Opened));
    talk
}

impl Talk {
    fn news(&mut self) -> Option<News> {
        self.session.next_news(self.outflow.wished())
    }

    fn read(&mut self, bytes: &[u8]) {
        self.session.received(bytes, &self.outflow, 0);
    }

    fn appetite(&self) -> Appetite {
        self.session.appetite(&self.outflow)
    }

    fn write(&mut self, count: usize, now: u64) {
        self.session.take(&mut self.outflow, now);
        self.session.wrote(count, &mut self.outflow, now);
    }

    fn step(&mut self) -> Step {
        self.session.step(&self.outflow, 0)
    }

    fn is_at_rest(&self) -> bool {
        self.session.is_at_rest(&self.outflow)
    }
}

#[test]
fn events_come_in_order_and_the_end_comes_last() {
    let mut talk = Talk {
        session: Session::accepted(limits(), 0),
        outflow: Outflow::new(&limits()),
    };
    talk.read(b"one");
    talk.session.input_ended(0);
    talk.session.failed(ErrorKind::ConnectionReset);
    let mut all = Vec::new();
    while let Some(news) = talk.news() {
        all.push(news);
    }
    let end = News::Closed(End::Broken(ErrorKind::ConnectionReset));
    assert_eq!(
        all,
        [
            News::Opened,
            News::Data(b"one".to_vec()),
            News::PeerDone,
            end
        ]
    );
    assert!(talk.is_at_rest());
}

#[test]
fn nothing_is_read_while_the_last_bytes_have_not_left() {
    let mut talk = accepted();
    assert_eq!(talk.appetite(), Appetite::Keep);
    talk.read(b"one");
    assert_eq!(talk.appetite(), Appetite::None);
    assert_eq!(talk.news(), Some(News::Data(b"one".to_vec())));
    assert_eq!(talk.appetite(), Appetite::Keep);
}

#[test]
fn nothing_is_read_while_the_peer_does_not_take_what_it_was_sent() {
    let mut talk = accepted();
    talk.outflow.offer(vec![0; 5]).unwrap();
    assert_eq!(talk.appetite(), Appetite::None);
    talk.write(1, 0);
    assert_eq!(talk.appetite(), Appetite::Keep);
}

#[test]
fn a_refused_send_hears_when_there_is_room() {
    let mut talk = accepted();
    talk.outflow.offer(vec![0; 10]).unwrap();
    talk.outflow.offer(vec![0; 5]).unwrap_err();
    talk.write(5, 0);
    assert_eq!(talk.news(), None);
    talk.write(1, 0);
    assert!(!talk.is_at_rest());
    assert_eq!(talk.news(), Some(News::Drained));
    assert_eq!(talk.news(), None);
}

#[test]
fn both_sides_finish_in_either_order() {
    for peer_first in [true, false] {
        let mut talk = accepted();
        talk.outflow.offer(vec![0; 2]).unwrap();
        if peer_first {
            talk.session.input_ended(0);
            assert_eq!(
                (talk.step(), talk.news()),
                (Step::Rest, Some(News::PeerDone))
            );
        }
        talk.outflow.wish(Wish::Finish);
        assert_eq!(talk.step(), Step::Rest, "2 bytes are to be written first");
        talk.write(2, 0);
        assert!(!talk.is_at_rest());
        assert_eq!(talk.step(), Step::HalfClose);
        assert_eq!(
            (talk.step(), talk.session.is_over()),
            (Step::Rest, peer_first)
        );
        if !peer_first {
            assert!(talk.is_at_rest());
            assert_eq!(talk.appetite(), Appetite::Keep, "the peer may still send");
            talk.session.input_ended(0);
            assert_eq!(talk.step(), Step::Rest);
            assert_eq!(talk.news(), Some(News::PeerDone));
        }
        assert_eq!(talk.news(), Some(News::Closed(End::Finished)));
    }
}

#[test]
fn a_closed_connection_writes_what_was_sent_and_waits_a_while_for_the_peer() {
    let mut talk = accepted();
    talk.read(b"unheard");
    talk.outflow.offer(vec![0; 2]).unwrap();
    talk.outflow.wish(Wish::Close);
    assert_eq!((talk.appetite(), talk.news()), (Appetite::Discard, None));
    talk.write(2, 0);
    assert_eq!((talk.step(), talk.step()), (Step::HalfClose, Step::Rest));
    assert!(!talk.is_at_rest());
    talk.read(b"thrown away");
    assert_eq!(talk.news(), None);
    assert_eq!(talk.session.deadline(), Some(2 * SECOND));
    talk.session.input_ended(0);
    assert_eq!(talk.step(), Step::Rest);
    assert_eq!(talk.news(), Some(News::Closed(End::Closed)));
}

#[test]
fn a_peer_that_never_ends_its_side_is_waited_for_until_the_deadline() {
    let mut talk = accepted();
    talk.outflow.wish(Wish::Close);
    assert_eq!((talk.step(), talk.step()), (Step::HalfClose, Step::Rest));
    talk.session.expire(2 * SECOND - 1);
    assert_eq!(talk.news(), None);
    talk.session.expire(2 * SECOND);
    assert_eq!(talk.news(), Some(News::Closed(End::Closed)));
}

#[test]
fn an_abort_ends_it_in_every_state() {
    let prepare: [fn(&mut Talk); 5] = [
        |_| {},
        |talk| talk.outflow.offer(vec![0; 10]).unwrap(),
        |talk| talk.session.input_ended(0),
        |talk| {
            talk.outflow.wish(Wish::Finish);
            assert_eq!(talk.step(), Step::HalfClose);
        },
        |talk| {
            talk.outflow.wish(Wish::Close);
            assert_eq!((talk.step(), talk.step()), (Step::HalfClose, Step::Rest));
        },
    ];
    for prepare in prepare {
        let mut talk = accepted();
        prepare(&mut talk);
        talk.outflow.wish(Wish::Abort);
        assert_eq!((talk.step(), talk.step()), (Step::Reset, Step::Rest));
        assert_eq!(talk.news(), Some(News::Closed(End::Aborted)));
        assert_eq!((talk.news(), talk.appetite()), (None, Appetite::None));
    }
}

#[test]
fn a_connection_that_comes_about_is_opened_and_one_that_does_not_is_not() {
    let begin = || Talk {
        session: Session::dialled(limits(), SECOND),
        outflow: Outflow::new(&limits()),
    };
    let mut talk = begin();
    assert_eq!((talk.appetite(), talk.news()), (Appetite::None, None));
    talk.outflow.offer(vec![0; 3]).unwrap();
    talk.session.take(&mut talk.outflow, 0);
    assert!(talk.session.outgoing().is_empty(), "nobody is there yet");
    talk.session.connected(0);
    talk.session.take(&mut talk.outflow, 0);
    assert_eq!(talk.session.outgoing().len(), 3);
    assert_eq!(talk.news(), Some(News::Opened));

    let mut talk = begin();
    talk.session.failed(ErrorKind::ConnectionRefused);
    let end = End::Unconnected(ErrorKind::ConnectionRefused);
    assert_eq!((talk.news(), talk.news()), (Some(News::Closed(end)), None));

    let mut talk = begin();
    talk.session.expire(SECOND - 1);
    assert_eq!(talk.news(), None);
    talk.session.expire(SECOND);
    let end = End::Unconnected(ErrorKind::TimedOut);
    assert_eq!(talk.news(), Some(News::Closed(end)));
}

#[test]
fn a_silent_connection_ends_and_every_byte_delays_that() {
    let mut talk = accepted();
    let idle = 300 * SECOND;
    assert_eq!(talk.session.deadline(), Some(idle));
    talk.session.received(b"x", &talk.outflow, 7);
    assert_eq!(talk.session.deadline(), Some(idle + 7));
    assert_eq!(talk.news(), Some(News::Data(b"x".to_vec())));
    talk.outflow.offer(vec![0; 1]).unwrap();
    talk.write(1, 9);
    assert_eq!(talk.session.deadline(), Some(idle + 9));
    talk.session.expire(idle + 9);
    assert_eq!(talk.news(), Some(News::Closed(End::Idle)));
}

#[test]
fn a_peer_must_take_enough_in_time_and_a_little_is_no_progress() {
    let mut talk = accepted();
    let write = 20 * SECOND;
    talk.outflow.offer(vec![0; 10]).unwrap();
    talk.write(2, 5);
    assert_eq!(talk.session.deadline(), Some(write + 5), "2 of 3 bytes");
    talk.write(1, 8);
    assert_eq!(talk.session.deadline(), Some(write + 8));
    talk.session.expire(write + 8);
    assert_eq!(talk.news(), Some(News::Closed(End::Stalled)));
    assert_eq!(talk.outflow.end(), 7, "were lost");
}

/// What may befall a connection.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Send(usize),
    Write(usize),
    Read(usize),
    InputEnds,
    Wish(Wish),
    Fail,
    Wait(u64),
    Tell,
}

fn blows() -> impl Strategy<Value = Vec<Blow>> {
    let blow = prop_oneof![
        6 => (0_usize..14).prop_map(Blow::Send),
        6 => (1_usize..14).prop_map(Blow::Write),
        6 => (1_usize..14).prop_map(Blow::Read),
        6 => Just(Blow::Tell),
        2 => (0..30 * SECOND).prop_map(Blow::Wait),
        1 => Just(Blow::InputEnds),
        1 => Just(Blow::Wish(Wish::Finish)),
        1 => Just(Blow::Wish(Wish::Close)),
        1 => Just(Blow::Wish(Wish::Abort)),
        1 => Just(Blow::Fail),
    ];
    prop::collection::vec(blow, 0..60)
}

proptest! {
    #[test]
    fn whatever_befalls_a_connection_its_bytes_and_events_are_accounted_for(blows in blows()) {
        let mut talk = Talk {
            session: Session::accepted(limits(), 0),
            outflow: Outflow::new(&limits()),
        };
        let (mut now, mut heard) = (0, Vec::new());
        let (mut accepted, mut written, mut read) = (0, 0, 0);
        for blow in blows {
            match blow {
                Blow::Send(bytes) => {
                    accepted += talk.outflow.offer(vec![0; bytes]).map_or(0, |()| bytes);
                }
                Blow::Write(bytes) => {
                    talk.session.take(&mut talk.outflow, now);
                    let bytes = bytes.min(talk.session.outgoing().len());
                    talk.session.wrote(bytes, &mut talk.outflow, now);
                    written += bytes;
                }
                Blow::Read(bytes) if talk.appetite() != Appetite::None => {
                    let kept = talk.appetite() == Appetite::Keep;
                    read += if kept { bytes } else { 0 };
                    talk.session.received(vec![0; bytes], &talk.outflow, now);
                }
                Blow::InputEnds if talk.appetite() != Appetite::None => talk.session.input_ended(now),
                Blow::Read(_) | Blow::InputEnds => {}
                Blow::Wish(wish) => {
                    talk.outflow.wish(wish);
                }
                Blow::Fail => talk.session.failed(ErrorKind::ConnectionReset),
                Blow::Wait(nanoseconds) => {
                    now += nanoseconds;
                    talk.session.expire(now);
                }
                Blow::Tell => heard.extend(talk.news()),
            }
            while talk.session.step(&talk.outflow, now) != Step::Rest {}
            prop_assert!(talk.outflow.unsent() <= 10);
            prop_assert_eq!(talk.outflow.unsent(), accepted - written);
        }
        // However it stands, an abort is the end of it, and the last event.
        talk.outflow.wish(Wish::Abort);
        while talk.step() != Step::Rest {}
        let late: Vec<News> = std::iter::from_fn(|| talk.news()).collect();
        heard.extend(late);
        prop_assert!(talk.session.is_over() && talk.session.deadline().is_none());
        prop_assert_eq!(written + talk.outflow.end(), accepted);
        prop_assert!(talk.is_at_rest());
        prop_assert_eq!(heard.first(), Some(&News::Opened));
        let closed = |news: &News| matches!(news, News::Closed(_));
        prop_assert_eq!(heard.iter().position(closed), Some(heard.len() - 1));
        let bytes = |news: &News| match news {
            News::Data(bytes) => bytes.len(),
            _ => 0,
        };
        let told: usize = heard.iter().map(bytes).sum();
        // Who closes or aborts wants to hear no more.
        prop_assert!(told <= read && (read - told < 14));
    }
}
