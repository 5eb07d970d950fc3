//! Requests whose body is sent as it is made: framing, pressure, ends, early answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod calling;

use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use calling::{Flowing, Line, PATIENCE, flowing, origin_of, serve};
use seda_io::http::{
    CallError, ClientLimits, FlowEnd, FlowEvent, Origin, Short, Trailers, Unsendable,
};

fn usual() -> Flowing {
    flowing(ClientLimits::default())
}

/// A server of one connection, which hears from the test and tells it things.
struct Staged<T> {
    origin: Origin,
    go: Sender<()>,
    told: Receiver<T>,
    server: JoinHandle<()>,
}

fn staged<T: Send + 'static>(
    part: impl FnOnce(&mut Line, &Receiver<()>, &Sender<T>) + Send + 'static,
) -> Staged<T> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = origin_of(&listener);
    let (go, gone) = channel();
    let (tell, told) = channel();
    let server = thread::spawn(move || {
        part(&mut Line::new(listener.accept().unwrap().0), &gone, &tell);
    });
    Staged {
        origin,
        go,
        told,
        server,
    }
}

impl<T> Staged<T> {
    fn go(&self) {
        self.go.send(()).unwrap();
    }

    fn told(&self) -> T {
        self.told.recv_timeout(PATIENCE).unwrap()
    }
}

fn finished(number: u64) -> FlowEvent {
    FlowEvent::Ended(number, FlowEnd::Finished)
}

#[test]
fn each_piece_reaches_the_server_before_the_next_is_made_and_the_connection_goes_on() {
    let it = usual();
    let staged = staged(|line, _, tell| {
        for _ in 0..3 {
            let head = line.head();
            assert!(head.starts_with("POST / HTTP/1.1\r\nHost: "), "{head}");
            assert!(
                head.contains("\r\nTransfer-Encoding: chunked\r\n"),
                "{head}"
            );
            assert!(!head.contains("Content-Length"), "{head}");
            loop {
                let chunk = line.chunk();
                let over = chunk.is_empty();
                tell.send(chunk).unwrap();
                if over {
                    break;
                }
            }
            assert_eq!(line.head(), "X-Sum: 7\r\n\r\n");
            line.answer("done");
        }
        line.end();
    });
    for _ in 0..3 {
        let flow = it.begin(&staged.origin, None);
        for piece in ["one", "two"] {
            flow.send(piece).unwrap();
            assert_eq!(staged.told(), piece.as_bytes());
        }
        let number = flow.number();
        let trailers = Trailers::new().with("X-Sum", "7").unwrap();
        flow.finish_with(trailers).unwrap();
        assert_eq!(staged.told(), b"");
        assert_eq!(it.hear(), finished(number));
        assert_eq!(it.calling.body(), (1, "done".to_owned()));
    }
    let figures = it.end();
    assert_eq!((figures.dialled, figures.flows_finished), (1, 3));
    staged.server.join().unwrap();
}

#[test]
fn a_length_that_is_known_is_said() {
    let it = usual();
    let (origin, server) = serve([|line| {
        for length in ["5", "0"] {
            let head = line.head();
            let said = format!("\r\nContent-Length: {length}\r\n");
            assert!(head.contains(&said) && !head.contains("chunked"), "{head}");
            let mut body = vec![0; length.parse().unwrap()];
            line.0.read_exact(&mut body).unwrap();
            line.answer(std::str::from_utf8(&body).unwrap());
        }
        line.end();
    }]);
    for body in ["hello", ""] {
        let flow = it.begin(&origin, Some(body.len() as u64));
        flow.send(body).unwrap();
        let number = flow.number();
        flow.finish().unwrap();
        assert_eq!(it.calling.body().1, body);
        assert_eq!(it.hear(), finished(number));
    }
    assert_eq!(it.end().dialled, 1);
    server.join().unwrap();
}

#[test]
fn an_answer_to_all_that_was_said_to_come_costs_no_connection() {
    let it = usual();
    let (origin, server) = serve([|line| {
        for _ in 0..2 {
            line.request();
            line.answer("got it");
        }
        line.end();
    }]);
    for _ in 0..2 {
        let flow = it.begin(&origin, Some(5));
        flow.send("hello").unwrap();
        // It is answered before its maker has said that it is whole.
        assert_eq!(it.calling.body().1, "got it");
        assert_eq!(it.hear(), finished(flow.number()));
        assert_eq!(flow.finish(), Ok(()));
    }
    assert_eq!(it.end().dialled, 1);
    server.join().unwrap();
}

#[test]
fn a_slow_server_is_not_buffered_for_and_who_sends_hears_when_there_is_room() {
    const PIECE: usize = 1 << 16;
    let it = flowing(ClientLimits {
        flow_high_mark_bytes: 1 << 20,
        flow_low_mark_bytes: 1 << 18,
        ..ClientLimits::default()
    });
    let staged = staged(|line, go, tell| {
        line.head();
        tell.send(0).unwrap();
        go.recv().unwrap();
        let mut bytes = 0;
        loop {
            let chunk = line.chunk().len();
            bytes += chunk;
            if chunk == 0 {
                break;
            }
        }
        line.0.read_exact(&mut [0; 2]).unwrap();
        tell.send(bytes).unwrap();
        line.answer("");
        line.end();
    });
    let flow = it.begin(&staged.origin, None);
    assert_eq!(
        flow.send(vec![0; (1 << 20) + 1]).unwrap_err().reason,
        Unsendable::TooMany
    );
    let mut sent = 0;
    flow.send("x").unwrap();
    staged.told();
    let refused = loop {
        match flow.send(vec![7; PIECE]) {
            Ok(()) => sent += PIECE,
            Err(unsent) => match it.events.try_recv() {
                Ok(FlowEvent::Drained(_)) => {}
                Ok(other) => panic!("{other:?}"),
                // The system takes some more, and then nothing.
                Err(_) if sent > 0 && flow.unsent() > 1 << 19 => break unsent,
                Err(_) => thread::yield_now(),
            },
        }
        assert!(flow.unsent() <= (1 << 20) + 64, "and the framing of chunks");
    };
    assert_eq!(refused.reason, Unsendable::Clogged);
    staged.go();
    while it.events.try_recv().is_err() {
        thread::yield_now();
    }
    flow.send(refused.piece).unwrap();
    sent += PIECE;
    let number = flow.number();
    flow.finish().unwrap();
    assert_eq!(staged.told(), sent + 1);
    it.calling.body();
    while it.hear() != finished(number) {}
    assert!(it.end().flows_clogged > 0);
    staged.server.join().unwrap();
}

#[test]
fn an_answer_may_come_before_the_body_is_whole() {
    let it = usual();
    let (origin, server) = serve([|line| {
        line.head();
        // Else it might be over before there is any of it.
        assert_eq!(line.chunk(), b"some");
        line.answer("enough");
        line.end();
    }]);
    let flow = it.begin(&origin, None);
    flow.send("some").unwrap();
    assert_eq!(it.calling.body().1, "enough");
    assert_eq!(it.hear(), FlowEvent::Ended(flow.number(), FlowEnd::Gone));
    assert_eq!(flow.send("more").unwrap_err().reason, Unsendable::Ended);
    assert_eq!(flow.finish(), Ok(()), "which is not its stage's fault");
    let figures = it.end();
    assert_eq!((figures.flows_cut, figures.answers), (1, 1));
    server.join().unwrap();
}

#[test]
fn one_that_is_dropped_is_seen_to_be_broken_off() {
    let it = usual();
    let staged = staged(|line, _, tell| {
        line.head();
        tell.send(line.chunk()).unwrap();
        let mut rest = Vec::new();
        let _ = line.0.read_to_end(&mut rest);
        tell.send(rest).unwrap();
    });
    let flow = it.begin(&staged.origin, None);
    flow.send("half").unwrap();
    assert_eq!(staged.told(), b"half");
    let number = flow.number();
    drop(flow);
    assert_eq!(staged.told(), b"", "without the last chunk");
    assert_eq!(it.calling.error(), CallError::Abandoned);
    assert_eq!(it.hear(), FlowEvent::Ended(number, FlowEnd::Abandoned));
    let figures = it.end();
    assert_eq!((figures.flows_abandoned, figures.failed), (1, 1));
    staged.server.join().unwrap();
}

#[test]
fn a_wrong_length_breaks_the_request_off() {
    for excess in [true, false] {
        let it = usual();
        let (origin, server) = serve([Line::end]);
        let flow = it.begin(&origin, Some(5));
        let number = flow.number();
        flow.send("hel").unwrap();
        if excess {
            assert_eq!(flow.send("lo!").unwrap_err().reason, Unsendable::Excess);
        } else {
            assert_eq!(flow.finish(), Err(Short { missing: 2 }));
        }
        assert_eq!(it.calling.error(), CallError::Abandoned);
        assert_eq!(it.hear(), FlowEvent::Ended(number, FlowEnd::Abandoned));
        it.end();
        server.join().unwrap();
    }
}

#[test]
fn who_makes_a_request_that_nobody_takes_hears_of_it() {
    let it = usual();
    let free = origin_of(&TcpListener::bind("127.0.0.1:0").unwrap());
    let flow = it.begin(&free, None);
    let refused = CallError::Unreachable(ErrorKind::ConnectionRefused);
    assert_eq!(it.calling.error(), refused);
    assert_eq!(it.hear(), FlowEvent::Ended(flow.number(), FlowEnd::Gone));
    assert!(flow.has_ended());
    assert_eq!(it.end().flows_cut, 1);
}

#[test]
fn who_makes_a_request_may_take_longer_than_any_time_of_the_server() {
    let mut limits = ClientLimits::default();
    let brief = Duration::from_millis(50);
    limits.timeouts.write = brief;
    limits.timeouts.head = brief;
    limits.timeouts.body = brief;
    limits.timeouts.whole = brief;
    let it = flowing(limits);
    let slow = staged(|line, _, tell| {
        line.head();
        tell.send(()).unwrap();
        assert_eq!(line.chunk(), b"late");
        assert_eq!(line.chunk(), b"");
        line.answer("and well");
        line.end();
    });
    let flow = it.begin(&slow.origin, None);
    slow.told();
    // Meanwhile others find no answer in that time, one after the other.
    for _ in 0..3 {
        let (silent, server) = serve([Line::end]);
        it.calling.get(&silent, 2);
        assert!(matches!(it.calling.error(), CallError::TimedOut(_)));
        server.join().unwrap();
    }
    flow.send("late").unwrap();
    let number = flow.number();
    flow.finish().unwrap();
    assert_eq!(it.calling.body().1, "and well");
    assert_eq!(it.hear(), finished(number));
    it.end();
    slow.server.join().unwrap();
}

#[test]
fn a_drain_tells_those_who_make_requests_and_waits_for_them() {
    let it = usual();
    let staged = staged(|line, _, tell| {
        line.head();
        tell.send(()).unwrap();
        assert_eq!(line.chunk(), b"last words");
        assert_eq!(line.chunk(), b"");
        line.answer("heard");
        line.end();
    });
    let flow = it.begin(&staged.origin, None);
    staged.told();
    let running = it.calling.running.clone();
    let drain = thread::spawn(move || running.drain(PATIENCE).unwrap());
    assert_eq!(it.hear(), FlowEvent::Ending(flow.number()));
    flow.send("last words").unwrap();
    let number = flow.number();
    flow.finish().unwrap();
    assert_eq!(it.calling.body().1, "heard");
    assert_eq!(it.hear(), finished(number));
    assert!(drain.join().unwrap().balances());
    it.end();
    staged.server.join().unwrap();
}

#[test]
fn a_drain_does_not_wait_for_a_request_of_which_nothing_comes() {
    let it = usual();
    let (origin, server) = serve([Line::end]);
    let flow = it.begin(&origin, None);
    it.calling
        .until("it is on its way", |figures| figures.dialled == 1);
    let figures = it.calling.end();
    assert_eq!((figures.flows_cut, figures.failed), (1, 1));
    assert_eq!(it.calling.error(), CallError::Abandoned);
    let number = flow.number();
    assert_eq!(it.hear(), FlowEvent::Ending(number));
    assert_eq!(it.hear(), FlowEvent::Ended(number, FlowEnd::Cut));
    assert_eq!(flow.send("too late").unwrap_err().reason, Unsendable::Ended);
    server.join().unwrap();
}

#[test]
fn a_stop_ends_requests_that_are_not_whole() {
    let it = usual();
    let (origin, server) = serve([Line::end]);
    let flow = it.begin(&origin, None);
    it.calling
        .until("it is on its way", |figures| figures.dialled == 1);
    assert!(it.calling.running.stop().balances());
    assert_eq!(flow.send("too late").unwrap_err().reason, Unsendable::Ended);
    let figures = it.calling.figures();
    assert_eq!((figures.flows, figures.flows_cut), (1, 1));
    server.join().unwrap();
}
