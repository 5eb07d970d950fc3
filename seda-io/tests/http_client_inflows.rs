//! The bodies of answers that are handed out as they come: framing, pressure, ends, time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod calling;

use std::io::Write;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use calling::{Begun, Line, PATIENCE, Pouring, origin_of, pouring, request, serve, serve_all};
use seda_core::{Batch, BoxError, Graph, Handler, Meta, Plan, Sink};
use seda_io::Reactor;
use seda_io::http::{
    Answered, CallError, ClientLimits, Content, Fault, HttpClient, InflowEvent, InflowFault,
    Method, Origin,
};

fn usual() -> Pouring {
    pouring(ClientLimits::default(), 64)
}

/// Serves one connection on which each request is answered with the next of these
/// bytes, in two writes that are cut there.
fn serve_cut(answers: Vec<(Vec<u8>, usize)>) -> (Origin, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = origin_of(&listener);
    let server = thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        stream.set_nodelay(true).unwrap();
        let mut line = Line::new(stream);
        for (bytes, cut) in answers {
            line.request();
            let (first, second) = bytes.split_at(cut);
            line.say(first);
            line.say(second);
        }
        line.end();
    });
    (origin, server)
}

fn fault(why: InflowFault) -> Option<Fault> {
    match why {
        InflowFault::Bad(error) => Some(error.fault),
        _ => None,
    }
}

#[test]
fn bodies_come_whole_wherever_they_are_cut_and_the_connection_goes_on() {
    let rows: [(&str, &str, Option<u64>); 3] = [
        ("Content-Length: 5\r\n\r\nhello", "", Some(5)),
        (
            "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
            "",
            None,
        ),
        (
            "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n",
            "7",
            None,
        ),
    ];
    for (rest, sum, length) in rows {
        let bytes = format!("HTTP/1.1 200 OK\r\n{rest}").into_bytes();
        let cuts = bytes.len() + 1;
        let answers = (0..cuts).map(|cut| (bytes.clone(), cut)).collect();
        let (origin, server) = serve_cut(answers);
        let pouring = usual();
        for cut in 0..cuts {
            pouring.calling.get(&origin, 1);
            let Begun {
                response,
                inflow,
                sink,
            } = pouring.begun();
            assert_eq!(response.status().code(), 200);
            assert!(matches!(response.content(), Content::Flowing(_)));
            assert_eq!(inflow.length(), length);
            inflow.tell(&sink);
            let (body, end) = pouring.rest();
            assert_eq!(body, b"hello", "cut at {cut}");
            let trailers = end.unwrap();
            assert_eq!(trailers.fields().get("x-sum").unwrap_or_default(), sum);
        }
        let figures = pouring.end();
        assert_eq!((figures.dialled, figures.reused + 1), (1, cuts as u64));
        assert_eq!(figures.inflows_whole, cuts as u64);
        server.join().unwrap();
    }
}

#[test]
fn a_body_that_its_connection_ends_is_whole_wherever_it_is_cut() {
    let bytes = b"HTTP/1.1 200 OK\r\n\r\nhello";
    for cut in 0..=bytes.len() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = origin_of(&listener);
        let server = thread::spawn(move || {
            let mut line = Line::new(listener.accept().unwrap().0);
            line.request();
            line.say(&bytes[..cut]);
            line.say(&bytes[cut..]);
        });
        let pouring = usual();
        pouring.calling.get(&origin, 1);
        let Begun { inflow, sink, .. } = pouring.begun();
        assert_eq!(inflow.length(), None);
        inflow.tell(&sink);
        let (body, end) = pouring.rest();
        assert_eq!((body, end.is_ok()), (b"hello".to_vec(), true));
        pouring.end();
        server.join().unwrap();
    }
}

#[test]
fn an_answer_without_a_body_is_whole_at_once() {
    let (origin, server) = serve([|line| {
        for answer in [
            "200 OK\r\nContent-Length: 5",
            "204 No Content",
            "304 Not Modified\r\nContent-Length: 5",
            "200 OK\r\nContent-Length: 0",
        ] {
            line.request();
            line.say(format!("HTTP/1.1 {answer}\r\n\r\n"));
        }
        line.end();
    }]);
    let pouring = usual();
    let methods = [Method::Head, Method::Get, Method::Get, Method::Get];
    for (method, status) in methods.into_iter().zip([200, 204, 304, 200]) {
        let request = request(method, "/");
        pouring.calling.caller.send(&origin, request, 1).unwrap();
        let (_, response, inflow, _) = pouring.head();
        assert_eq!(response.unwrap().status().code(), status);
        assert!(inflow.is_none());
    }
    let figures = pouring.end();
    assert_eq!((figures.dialled, figures.inflows), (1, 0));
    server.join().unwrap();
}

#[test]
fn a_short_body_is_gathered_and_a_longer_one_is_not() {
    let (origin, server) = serve([Line::echo]);
    let pouring = usual();
    let caller = pouring.calling.caller.streaming_above(5);
    caller
        .send(&origin, request(Method::Get, "/1234"), 1)
        .unwrap();
    let (_, response, inflow, _) = pouring.head();
    assert_eq!(
        (response.unwrap().body(), inflow.is_none()),
        (&b"/1234"[..], true)
    );
    caller
        .send(&origin, request(Method::Get, "/12345"), 1)
        .unwrap();
    let Begun { inflow, sink, .. } = pouring.begun();
    inflow.tell(&sink);
    assert_eq!(pouring.rest().0, b"/12345");
    let figures = pouring.end();
    assert_eq!((figures.dialled, figures.inflows), (1, 1));
    server.join().unwrap();
}

/// Serves one answer of so many bytes, and counts those that the system has taken.
fn serve_long(bytes: usize) -> (Origin, Arc<AtomicUsize>, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = origin_of(&listener);
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let server = thread::spawn(move || {
        let mut line = Line::new(listener.accept().unwrap().0);
        line.request();
        line.say(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n"
        ));
        let block = vec![7; 1 << 16];
        for _ in 0..bytes >> 16 {
            if line.0.get_mut().write_all(&block).is_err() {
                return;
            }
            counted.fetch_add(block.len(), Ordering::Relaxed);
        }
        line.end();
    });
    (origin, taken, server)
}

#[test]
fn nothing_more_is_read_while_a_piece_is_in_the_graph() {
    const BYTES: usize = 64 << 20;
    let (origin, taken, server) = serve_long(BYTES);
    let pouring = usual();
    pouring.calling.get(&origin, 1);
    let Begun { inflow, sink, .. } = pouring.begun();
    inflow.tell(&sink);
    let first = pouring.piece();
    // The client does much else meanwhile, but does not read that connection.
    let other = serve_all();
    let caller = pouring.calling.caller.streaming_above(usize::MAX);
    for token in 0..500 {
        caller
            .send(&other, request(Method::Get, "/"), token)
            .unwrap();
        assert_eq!(pouring.head().0, token);
    }
    assert!(pouring.events.try_recv().is_err());
    assert!(
        taken.load(Ordering::Relaxed) < BYTES,
        "the system holds a part"
    );
    let bytes = first.into_vec().len();
    let (rest, end) = pouring.rest();
    assert_eq!((bytes + rest.len(), end.is_ok()), (BYTES, true));
    pouring.end();
    server.join().unwrap();
}

#[test]
fn nothing_is_read_before_it_is_wanted_and_what_came_is_not_lost() {
    let (origin, server) = serve([|line| {
        line.request();
        line.answer("hello");
        line.echo();
    }]);
    let pouring = usual();
    pouring.calling.get(&origin, 1);
    let Begun { inflow, sink, .. } = pouring.begun();
    assert!(pouring.events.try_recv().is_err());
    inflow.tell(&sink);
    assert_eq!(pouring.rest().0, b"hello");
    pouring.end();
    server.join().unwrap();
}

#[test]
fn pieces_that_a_full_stage_refuses_are_not_lost() {
    let pouring = pouring(ClientLimits::default(), 0);
    let origin = serve_all();
    for _ in 0..8 {
        pouring.calling.get(&origin, 123);
    }
    for _ in 0..8 {
        let Begun { inflow, sink, .. } = pouring.begun();
        inflow.tell(&sink);
    }
    let (mut bytes, mut ends) = (0, 0);
    while ends < 8 {
        match pouring.hear() {
            InflowEvent::Data(_, piece) => bytes += piece.len(),
            InflowEvent::End(..) => ends += 1,
            InflowEvent::Failed(_, why) => panic!("{why}"),
        }
    }
    assert_eq!(bytes, 8 * 4);
    assert!(pouring.calling.figures().flows_postponed > 0);
    assert_eq!(pouring.end().inflows_whole, 8);
}

/// A server of one connection that goes on when the test says so.
struct Staged {
    origin: Origin,
    go: mpsc::Sender<()>,
    server: thread::JoinHandle<()>,
}

/// Reads a request, says `begin`, and does the rest when it is told to.
fn staged(begin: &'static str, rest: impl FnOnce(&mut Line) + Send + 'static) -> Staged {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = origin_of(&listener);
    let (go, gone) = mpsc::channel();
    let server = thread::spawn(move || {
        let mut line = Line::new(listener.accept().unwrap().0);
        line.request();
        line.say(begin);
        gone.recv().unwrap();
        rest(&mut line);
    });
    Staged { origin, go, server }
}

const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf";
const HALF_IN_CHUNKS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf";

#[test]
fn what_breaks_off_in_the_midst_is_told_as_what_it_is() {
    type Rest = fn(&mut Line);
    let rows: [(&str, Rest, Option<Fault>); 5] = [
        (HALF, |_| {}, Some(Fault::EndedEarly)),
        (HALF_IN_CHUNKS, |_| {}, Some(Fault::EndedEarly)),
        (
            HALF_IN_CHUNKS,
            |line| line.say("\r\n0\r\n"),
            Some(Fault::EndedEarly),
        ),
        (
            HALF_IN_CHUNKS,
            |line| line.say("oops"),
            Some(Fault::ChunkUnended),
        ),
        (HALF, Line::reset, None),
    ];
    for (begin, rest, expected) in rows {
        let Staged { origin, go, server } = staged(begin, rest);
        let pouring = usual();
        pouring.calling.get(&origin, 1);
        let Begun { inflow, sink, .. } = pouring.begun();
        inflow.tell(&sink);
        assert_eq!(*pouring.piece(), *b"half");
        go.send(()).unwrap();
        server.join().unwrap();
        let (rest, end) = pouring.rest();
        let why = end.unwrap_err();
        assert_eq!((rest.len(), fault(why)), (0, expected), "{why}");
        assert_eq!(why == InflowFault::Gone, expected.is_none());
        let figures = pouring.end();
        assert_eq!((figures.inflows_failed, figures.answers), (1, 1));
    }
}

#[test]
fn more_than_the_bound_is_not_taken() {
    let limits = ClientLimits {
        streamed_body_bytes_max: 5,
        ..ClientLimits::default()
    };
    let pouring = pouring(limits, 64);
    let Staged { origin, go, server } = staged(HALF, |_| {});
    pouring.calling.get(&origin, 1);
    let (_, result, inflow, _) = pouring.head();
    assert!(inflow.is_none());
    assert!(
        matches!(result, Err(CallError::Malformed(error)) if error.fault == Fault::BodyTooLarge)
    );
    go.send(()).unwrap();
    server.join().unwrap();

    let Staged { origin, go, server } = staged(HALF_IN_CHUNKS, |line| line.say("\r\n2\r\n"));
    pouring.calling.get(&origin, 1);
    let Begun { inflow, sink, .. } = pouring.begun();
    inflow.tell(&sink);
    drop(pouring.piece());
    go.send(()).unwrap();
    server.join().unwrap();
    assert_eq!(
        fault(pouring.rest().1.unwrap_err()),
        Some(Fault::BodyTooLarge)
    );
    pouring.end();
}

#[test]
fn a_body_that_is_dropped_closes_its_connection() {
    let pouring = usual();
    let Staged { origin, go, server } = staged(HALF, Line::end);
    pouring.calling.get(&origin, 1);
    let begun = pouring.begun();
    go.send(()).unwrap();
    drop(begun);
    server.join().unwrap();

    let Staged { origin, go, server } = staged(HALF, Line::end);
    pouring.calling.get(&origin, 1);
    let Begun { inflow, sink, .. } = pouring.begun();
    let tap = inflow.tap(&sink);
    let piece = pouring.piece();
    go.send(()).unwrap();
    drop(tap);
    server.join().unwrap();
    drop(piece);
    assert_eq!(
        pouring.end().inflows_unwanted,
        2,
        "and nothing more is told"
    );
}

#[test]
fn a_body_that_has_come_before_it_is_dropped_costs_no_connection() {
    let pouring = usual();
    let (origin, server) = serve([Line::echo]);
    for round in 1..=3 {
        // What is written at once, and is short, arrives at once.
        pouring.calling.get(&origin, 1);
        drop(pouring.begun());
        let calling = &pouring.calling;
        calling.until("it is dropped", |it| it.inflows_unwanted == round);
    }
    let figures = pouring.end();
    assert_eq!((figures.dialled, figures.reused), (1, 2));
    server.join().unwrap();
}

#[test]
fn a_server_that_stalls_is_given_up_but_a_stage_may_take_its_time() {
    let mut limits = ClientLimits::default();
    limits.timeouts.body = Duration::from_millis(300);
    limits.timeouts.whole = Duration::from_millis(400);
    let pouring = pouring(limits, 64);
    let patient = staged(HALF, |line| line.say("rest"));
    pouring.calling.get(&patient.origin, 1);
    let Begun { inflow, sink, .. } = pouring.begun();
    inflow.tell(&sink);
    let held = pouring.piece();
    for _ in 0..2 {
        let stalls = staged(HALF, Line::end);
        pouring.calling.get(&stalls.origin, 2);
        let Begun { inflow, sink, .. } = pouring.begun();
        inflow.tell(&sink);
        let (half, end) = pouring.rest();
        assert_eq!(half, b"half");
        assert_eq!(fault(end.unwrap_err()), Some(Fault::BodyTooSlow));
        stalls.go.send(()).unwrap();
        stalls.server.join().unwrap();
    }
    // Two such times, and that of the request, have passed meanwhile.
    drop(held);
    let other = serve_all();
    for token in 3..6 {
        let caller = pouring.calling.caller.streaming_above(usize::MAX);
        let get = request(Method::Get, "/");
        caller.send(&other, get, token).unwrap();
        assert_eq!(pouring.head().0, token);
    }
    patient.go.send(()).unwrap();
    let (rest, end) = pouring.rest();
    assert_eq!((&rest[..], end.is_ok()), (&b"rest"[..], true));
    patient.server.join().unwrap();
    let figures = pouring.end();
    assert_eq!((figures.inflows_failed, figures.inflows_whole), (2, 1));
}

/// Gives its event a deadline.
#[derive(Clone)]
struct Hurry(Sink<Origin>);

impl Handler for Hurry {
    type Event = Origin;

    fn handle(&mut self, batch: &mut Batch<Origin>) -> Result<(), BoxError> {
        let deadline = batch.now().after(Duration::from_millis(300));
        for origin in batch {
            let meta = Meta::NONE.with_deadline(deadline);
            self.0.with(meta).enqueue(origin)?;
        }
        Ok(())
    }
}

#[test]
fn the_deadline_of_a_request_is_one_for_the_body_of_its_answer() {
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let (tell, told) = mpsc::channel();
    let pieces = graph.stage("pieces");
    let pieces = pieces.each(move |event: InflowEvent| Ok(tell.send(event)?));
    let answers = graph.stage("answers").each_with(|wire| {
        let pieces = wire.to(&pieces);
        move |answered: Answered<()>| {
            answered.inflow.unwrap().tell(&pieces);
            Ok(())
        }
    });
    let client = HttpClient::new(ClientLimits::default());
    let caller = client.attach(&mut graph, "client", &answers);
    let caller = caller.streaming_above(0);
    let ask = graph.stage("ask");
    let ask = ask.each(move |origin| Ok(caller.send(&origin, request(Method::Get, "/"), ())?));
    let hurry = graph.stage("hurry");
    let hurry = hurry.handler_with(|wire| Hurry(wire.to(&ask)));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let Staged { origin, go, server } = staged(HALF, Line::end);
    running.inlet(&hurry).enqueue(origin).unwrap();
    let piece = told.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(piece, InflowEvent::Data(..)));
    // It is over whether or not the next piece is asked for.
    let end = told.recv_timeout(PATIENCE).unwrap();
    assert!(
        matches!(end, InflowEvent::Failed(_, InflowFault::Late)),
        "{end:?}"
    );
    drop(piece);
    go.send(()).unwrap();
    server.join().unwrap();
    let ledger = running.drain(PATIENCE).unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
}

#[test]
fn a_drain_waits_for_a_body_that_comes() {
    let pouring = usual();
    let Staged { origin, go, server } = staged(HALF, |line| line.say("rest"));
    pouring.calling.get(&origin, 1);
    let Begun { inflow, sink, .. } = pouring.begun();
    inflow.tell(&sink);
    drop(pouring.piece());
    let running = pouring.calling.running.clone();
    let drain = thread::spawn(move || running.drain(PATIENCE).unwrap());
    // It has been asked to end before the rest comes, or it has not: both are well.
    go.send(()).unwrap();
    let (rest, end) = pouring.rest();
    assert_eq!((&rest[..], end.is_ok()), (&b"rest"[..], true));
    assert!(drain.join().unwrap().balances());
    server.join().unwrap();
    pouring.end();
}

#[test]
fn a_stop_ends_bodies_and_tells_so() {
    let pouring = usual();
    let Staged { origin, go, server } = staged(HALF, Line::end);
    pouring.calling.get(&origin, 1);
    let Begun { inflow, sink, .. } = pouring.begun();
    let number = inflow.number();
    inflow.tell(&sink);
    let piece = pouring.piece();
    assert_eq!(piece.len(), 4);
    assert!(pouring.calling.running.stop().balances());
    drop(piece);
    go.send(()).unwrap();
    server.join().unwrap();
    let figures = pouring.calling.figures();
    assert_eq!((figures.inflows, figures.inflows_failed), (1, 1));
    let heard = pouring.events.try_iter().count() as u64;
    assert_eq!(heard + figures.flows_undelivered, 1, "of number {number}");
}
