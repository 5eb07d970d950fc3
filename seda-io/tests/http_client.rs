//! Requests through a graph: connections that are used again, retries, bounds, ends.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod calling;

use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use calling::{Calling, Line, PATIENCE, calling, origin_of, request, serve, serve_all};
use seda_core::{Batch, BoxError, Graph, Handler, Meta, Plan, Sink};
use seda_io::Reactor;
use seda_io::http::{
    Answered, CallError, CallTimeout, Caller, ClientLimits, Fault, HttpClient, Method, Origin,
    Refusal,
};

fn usual() -> Calling {
    calling(ClientLimits::default())
}

fn fault(error: &CallError) -> Option<Fault> {
    match error {
        CallError::Malformed(error) => Some(error.fault),
        _ => None,
    }
}

#[test]
fn requests_share_a_connection() {
    let calling = usual();
    let (origin, server) = serve([Line::echo]);
    for token in 0..3 {
        calling.get(&origin, token);
        assert_eq!(calling.body(), (token, format!("/{token}")));
    }
    let figures = calling.end();
    assert_eq!((figures.dialled, figures.reused), (1, 2));
    server.join().unwrap();
}

#[test]
fn a_request_says_what_its_framing_needs_and_no_more() {
    let calling = usual();
    let (origin, server) = serve([|line| {
        let head = line.request();
        line.answer(&head);
        let head = line.request();
        line.answer(&head);
        line.end();
    }]);
    let get = request(Method::Get, "http://elsewhere/a?b=c");
    let get = get.with_header("Accept", "text/plain").unwrap();
    calling.caller.send(&origin, get, 1).unwrap();
    let host = origin.authority();
    let expected = format!("GET /a?b=c HTTP/1.1\r\nHost: {host}\r\nAccept: text/plain\r\n\r\n");
    assert_eq!(calling.body().1, expected);
    let post = request(Method::Post, "/")
        .with_header("Host", "own.test")
        .unwrap();
    calling.caller.send(&origin, post, 2).unwrap();
    let expected = "POST / HTTP/1.1\r\nHost: own.test\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(calling.body().1, expected);
    calling.end();
    server.join().unwrap();
}

#[test]
fn answers_without_a_body_leave_the_connection_in_step() {
    let calling = usual();
    let (origin, server) = serve([|line| {
        for head in [
            "200 OK\r\nContent-Length: 9",
            "304 Same\r\nContent-Length: 9",
            "204 None",
        ] {
            line.request();
            line.say(format!(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 {head}\r\n\r\n"
            ));
        }
        line.echo();
    }]);
    for method in [Method::Head, Method::Get, Method::Delete] {
        calling
            .caller
            .send(&origin, request(method, "/"), 0)
            .unwrap();
        assert_eq!(calling.next().1.unwrap().body(), b"");
    }
    calling.get(&origin, 7);
    assert_eq!(calling.body(), (7, "/7".to_owned()));
    assert_eq!(calling.end().dialled, 1);
    server.join().unwrap();
}

/// What a server does with a connection.
type Part = fn(&mut Line);

/// Answers one request, takes another one and closes.
fn stale(line: &mut Line) {
    line.request();
    line.answer("first");
    line.request();
}

#[test]
fn what_may_be_repeated_is_sent_again_when_its_connection_was_stale() {
    for method in [Method::Get, Method::Put, Method::Delete] {
        let calling = usual();
        let (origin, server) = serve([stale, Line::echo]);
        calling.get(&origin, 1);
        assert_eq!(calling.body().1, "first");
        let again = request(method, "/again").with_body(b"all of it".to_vec());
        calling.caller.send(&origin, again, 2).unwrap();
        assert_eq!(calling.body(), (2, "/again".to_owned()));
        let figures = calling.end();
        assert_eq!((figures.dialled, figures.retried), (2, 1));
        server.join().unwrap();
    }
}

#[test]
fn what_may_not_be_repeated_fails_when_its_connection_was_stale() {
    let calling = usual();
    let (origin, server) = serve([stale]);
    calling.get(&origin, 1);
    assert_eq!(calling.body().1, "first");
    calling.post(&origin, 2, b"once".to_vec());
    assert!(matches!(calling.error(), CallError::Broken(_)));
    let figures = calling.end();
    assert_eq!(
        (figures.dialled, figures.retried, figures.failed),
        (1, 0, 1)
    );
    server.join().unwrap();
}

#[test]
fn a_request_is_repeated_once_and_only_on_a_connection_of_its_own() {
    let calling = usual();
    let (origin, server) = serve([stale, |line| drop(line.request())]);
    calling.get(&origin, 1);
    assert_eq!(calling.body().1, "first");
    calling.get(&origin, 2);
    assert_eq!(calling.error(), CallError::Broken(ErrorKind::UnexpectedEof));
    let figures = calling.end();
    assert_eq!((figures.dialled, figures.retried), (2, 1));
    server.join().unwrap();
}

#[test]
fn an_answer_that_has_begun_is_not_asked_for_again() {
    let calling = usual();
    let (origin, server) = serve([|line| {
        line.request();
        line.answer("first");
        line.request();
        line.say("HTTP/1.1 200 OK\r\nContent-Le");
    }]);
    calling.get(&origin, 1);
    assert_eq!(calling.body().1, "first");
    calling.get(&origin, 2);
    assert_eq!(fault(&calling.error()), Some(Fault::EndedEarly));
    assert_eq!(calling.end().retried, 0);
    server.join().unwrap();
}

#[test]
fn a_connection_that_ends_or_speaks_unasked_is_not_used_again() {
    let calling = usual();
    let (origin, server) = serve([
        |line| {
            line.request();
            line.answer("1");
        },
        |line| {
            line.request();
            line.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2HTTP/1.1 200 OK\r\n\r\n");
            line.end();
        },
        |line| {
            line.request();
            line.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n3");
            line.end();
        },
        Line::echo,
    ]);
    for token in 1..=3 {
        calling.get(&origin, token);
        assert_eq!(calling.body().1, token.to_string());
        calling.until("it is closed", |it| it.closed == u64::from(token));
    }
    calling.get(&origin, 4);
    assert_eq!(calling.body().1, "/4");
    let figures = calling.end();
    assert_eq!(
        (figures.dialled, figures.reused, figures.retried),
        (4, 0, 0)
    );
    server.join().unwrap();
}

#[test]
fn lanes_share_no_connection_and_the_last_request_closes_it() {
    let calling = usual();
    let origin = serve_all();
    for (lane, dialled) in [(1, 1), (2, 2), (1, 2), (2, 2)] {
        calling.get(&origin.in_lane(lane), 0);
        calling.body();
        let figures = calling.caller.tallies().read();
        assert_eq!(figures.dialled, dialled, "lane {lane}");
    }
    let last = request(Method::Get, "/last");
    let closing = calling.caller.closing();
    closing.send(&origin.in_lane(1), last, 0).unwrap();
    calling.body();
    calling.get(&origin.in_lane(1), 0);
    calling.body();
    let figures = calling.end();
    assert_eq!((figures.dialled, figures.reused), (3, 3), "{figures:?}");
}

#[test]
fn requests_wait_for_a_connection_in_order() {
    let calling = calling(ClientLimits {
        connections_per_origin_max: 1,
        ..ClientLimits::default()
    });
    let (origin, server) = serve([Line::echo]);
    (0..20).for_each(|token| calling.get(&origin, token));
    for token in 0..20 {
        assert_eq!(calling.body().0, token);
    }
    let figures = calling.end();
    assert_eq!((figures.dialled, figures.reused), (1, 19));
    server.join().unwrap();
}

#[test]
fn an_idle_connection_makes_room_for_another_origin() {
    let calling = calling(ClientLimits {
        connections_max: 1,
        ..ClientLimits::default()
    });
    let origins = [serve_all(), serve_all()];
    for token in 0..6 {
        calling.get(&origins[token as usize % 2], token);
    }
    let mut tokens: Vec<u32> = (0..6).map(|_| calling.body().0).collect();
    tokens.sort_unstable();
    assert_eq!(tokens, [0, 1, 2, 3, 4, 5]);
    let figures = calling.end();
    assert!(figures.evicted >= 1 && figures.dialled >= 2, "{figures:?}");
}

#[test]
fn requests_beyond_the_limit_come_back_as_they_were() {
    let calling = calling(ClientLimits {
        requests_max: 2,
        ..ClientLimits::default()
    });
    let (origin, server) = serve([
        |line| {
            line.end();
        },
        Line::end,
    ]);
    calling.get(&origin, 1);
    calling.get(&origin, 2);
    let third = request(Method::Post, "/3").with_body(b"mine".to_vec());
    let back = calling.caller.send(&origin, third.clone(), 3).unwrap_err();
    assert_eq!(
        (*back.request, back.token, back.reason),
        (third, 3, Refusal::Full)
    );
    calling.until("both are on their way", |it| it.dialled == 2);
    calling.running.stop();
    let figures = calling.figures();
    assert_eq!(
        (figures.refused, figures.requests, figures.abandoned),
        (1, 2, 2)
    );
    server.join().unwrap();
}

#[test]
fn what_cannot_be_sent_comes_back() {
    let calling = usual();
    let origin = serve_all();
    let secure = Origin::parse("https://127.0.0.1").unwrap();
    let connect = request(Method::parse("CONNECT").unwrap(), "/");
    let refused = calling
        .caller
        .send(&origin, connect.clone(), 1)
        .unwrap_err();
    assert_eq!(refused.reason, Refusal::Tunnel);
    let get = request(Method::Get, "/");
    let refused = calling.caller.send(&secure, get.clone(), 1).unwrap_err();
    assert_eq!(refused.reason, Refusal::NoTls);
    calling.end();
    let refused = calling.caller.send(&origin, get, 1).unwrap_err();
    assert_eq!(refused.reason, Refusal::NotRunning);
}

#[test]
fn one_origin_does_not_take_the_room_of_others() {
    let calling = calling(ClientLimits {
        requests_per_origin_max: 1,
        ..ClientLimits::default()
    });
    let (silent, server) = serve([Line::end]);
    calling.get(&silent, 1);
    calling.get(&silent, 2);
    assert_eq!(calling.next(), (2, Err(CallError::Busy)));
    calling.get(&serve_all(), 3);
    assert_eq!(calling.body().0, 3);
    assert_eq!(calling.figures().busy, 1);
    calling.running.stop();
    server.join().unwrap();
}

/// Is where the server that reads nothing waits until the client has given it up.
static TOLD: Barrier = Barrier::new(2);

#[test]
fn who_is_too_slow_is_given_up_with_the_reason() {
    let brief = Duration::from_millis(30);
    let usual = ClientLimits::default().timeouts;
    let mut rows = Vec::new();
    let mut row =
        |part: Part, body, change: fn(&mut seda_io::http::ClientTimeouts, Duration), expected| {
            let mut timeouts = usual.clone();
            change(&mut timeouts, brief);
            rows.push((part, body, timeouts, expected));
        };
    row(Line::end, 0, |it, brief| it.head = brief, CallTimeout::Head);
    row(
        Line::end,
        0,
        |it, brief| it.whole = brief,
        CallTimeout::Whole,
    );
    let begun: Part = |line| {
        line.request();
        line.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
        line.end();
    };
    row(begun, 0, |it, brief| it.body = brief, CallTimeout::Body);
    let deaf: Part = |line| {
        line.head();
        TOLD.wait();
    };
    row(
        deaf,
        50_000_000,
        |it, brief| it.write = brief,
        CallTimeout::Write,
    );
    for (part, body, timeouts, expected) in rows {
        let calling = calling(ClientLimits {
            timeouts,
            ..ClientLimits::default()
        });
        let (origin, server) = serve([part]);
        calling.post(&origin, 1, vec![b'x'; body]);
        assert_eq!(calling.error(), CallError::TimedOut(expected));
        if expected == CallTimeout::Write {
            TOLD.wait();
        }
        assert_eq!(calling.end().timed_out, 1);
        server.join().unwrap();
    }
}

#[test]
fn an_idle_connection_is_closed_in_time() {
    let mut limits = ClientLimits::default();
    limits.timeouts.idle = Duration::from_millis(1);
    let calling = calling(limits);
    let (origin, server) = serve([Line::echo]);
    calling.get(&origin, 1);
    assert_eq!(calling.body().0, 1);
    calling.until("it is closed", |it| it.closed == 1);
    server.join().unwrap();
    assert_eq!(calling.end().failed, 0);
}

#[test]
fn answers_are_bounded() {
    let limits = ClientLimits {
        head_bytes_max: 100,
        body_bytes_max: 4,
        ..ClientLimits::default()
    };
    let rows: [(Part, Fault); 3] = [
        (
            |line| line.say(format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(100))),
            Fault::HeadTooLarge,
        ),
        (|line| line.answer("hello"), Fault::BodyTooLarge),
        (
            |line| line.say("HTTP/1.0 200 OK\r\n\r\nhello"),
            Fault::BodyTooLarge,
        ),
    ];
    for (part, expected) in rows {
        let calling = calling(limits.clone());
        let (origin, server) = serve([part]);
        calling.get(&origin, 1);
        assert_eq!(fault(&calling.error()), Some(expected));
        calling.end();
        server.join().unwrap();
    }
}

#[test]
fn an_answer_that_comes_before_the_body_was_read_is_one() {
    let calling = usual();
    let (origin, server) = serve([|line| {
        line.head();
        line.say("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno\n");
        line.0
            .get_mut()
            .shutdown(std::net::Shutdown::Write)
            .unwrap();
        line.end();
    }]);
    calling.post(&origin, 1, vec![b'x'; 8_000_000]);
    let response = calling.next().1.unwrap();
    assert_eq!(
        (response.status().code(), response.body()),
        (413, &b"no\n"[..])
    );
    let figures = calling.end();
    assert_eq!(figures.dialled, 1, "and the connection is not used again");
    server.join().unwrap();
}

#[test]
fn nobody_there_is_said_at_once() {
    let calling = usual();
    let free = origin_of(&TcpListener::bind("127.0.0.1:0").unwrap());
    calling.get(&free, 1);
    assert_eq!(
        calling.error(),
        CallError::Unreachable(ErrorKind::ConnectionRefused)
    );
    let figures = calling.end();
    assert_eq!((figures.unconnected, figures.dialled), (1, 1));
}

#[test]
fn a_drain_waits_for_answers() {
    let calling = usual();
    let origin = serve_all();
    (0..10).for_each(|token| calling.get(&origin, token));
    assert_eq!(calling.end().answers, 10);
    assert_eq!(calling.told.try_iter().count(), 10);
}

#[test]
fn an_answer_waits_for_a_stage_that_is_full() {
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let (tell, told) = channel();
    let (go, gone) = channel::<()>();
    let gone = Arc::new(Mutex::new(gone));
    let answers = graph.stage("answers").queue(1).blocking(1..=1);
    let answers = answers.each(move |answered: Answered<u32>| {
        gone.lock().unwrap().recv()?;
        Ok(tell.send(answered.token)?)
    });
    let client = HttpClient::new(ClientLimits::default());
    let caller = client.attach(&mut graph, "client", &answers);
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let origin = serve_all();
    for token in 0..5 {
        caller
            .send(&origin, request(Method::Get, "/"), token)
            .unwrap();
    }
    while caller.tallies().read().postponed == 0 {
        std::thread::yield_now();
    }
    (0..5).for_each(|_| go.send(()).unwrap());
    let ledger = running.drain(PATIENCE).unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    let mut tokens: Vec<u32> = told.try_iter().collect();
    tokens.sort_unstable();
    assert_eq!(tokens, [0, 1, 2, 3, 4]);
}

/// Gives its event a deadline.
#[derive(Clone)]
struct Hurry(Sink<u32>);

impl Handler for Hurry {
    type Event = u32;

    fn handle(&mut self, batch: &mut Batch<u32>) -> Result<(), BoxError> {
        let deadline = batch.now().after(Duration::from_millis(300));
        for token in batch {
            self.0
                .with(Meta::NONE.with_deadline(deadline))
                .enqueue(token)?;
        }
        Ok(())
    }
}

#[test]
fn the_deadline_of_the_event_that_is_handled_is_the_requests() {
    let (silent, server) = serve([Line::end]);
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let (tell, told) = channel();
    let answers = graph
        .stage("answers")
        .each(move |answered: Answered<u32>| Ok(tell.send(answered.result.unwrap_err())?));
    let client = HttpClient::new(ClientLimits::default());
    let caller: Caller<u32> = client.attach(&mut graph, "client", &answers);
    let ask = graph
        .stage("ask")
        .each(move |token| Ok(caller.send(&silent, request(Method::Get, "/"), token)?));
    let hurry = graph
        .stage("hurry")
        .handler_with(|wire| Hurry(wire.to(&ask)));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    running.inlet(&hurry).enqueue(1).unwrap();
    let error = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(error, CallError::TimedOut(CallTimeout::Whole));
    let ledger = running.drain(PATIENCE).unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    server.join().unwrap();
}
