//! Streamed answers over sockets: order, bounds, ends, and what their stages hear.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::io::{BufRead, Read};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use seda_io::http::{
    Figures, Flow, FlowEnd, FlowEvent, Limits, Opening, Response, Short, StatusCode, Timeouts,
    Trailers, Unsendable,
};
use serving::{Exchanges, PATIENCE, Raw, Serving, serve_told};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A server whose exchanges, and the events of their answers, come to the test.
struct Stand {
    serving: Serving,
    exchanges: Exchanges<FlowEvent>,
    events: Receiver<FlowEvent>,
}

fn stand(limits: Limits) -> Stand {
    let (serving, exchanges, events) = serve_told(limits);
    Stand {
        serving,
        exchanges,
        events,
    }
}

impl Stand {
    /// Sends a request and begins its answer.
    fn begin(&self, client: &mut Raw, request: &str, length: Option<u64>) -> Flow {
        client.send(request);
        let (exchange, heard) = self.exchanges.recv_timeout(PATIENCE).unwrap();
        let opening = Opening::from(Response::new(StatusCode::OK)).telling(&heard);
        exchange.stream(match length {
            None => opening,
            Some(length) => opening.with_length(length),
        })
    }

    fn hear(&self) -> FlowEvent {
        self.events.recv_timeout(PATIENCE).unwrap()
    }

    /// Ends the server; every streamed answer must be accounted for.
    fn end(self) -> Figures {
        self.serving.end();
        let figures = self.serving.figures();
        let ended = figures.flows_finished + figures.flows_abandoned + figures.flows_cut;
        assert_eq!(figures.flows, ended, "{figures:?}");
        assert_eq!(self.events.try_iter().count(), 0, "an event too many");
        figures
    }
}

/// Reads one chunk, without its line ends.
fn chunk(client: &mut Raw) -> Vec<u8> {
    let mut size = String::new();
    client.0.read_line(&mut size).unwrap();
    let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
    let mut bytes = vec![0; size + 2];
    client.0.read_exact(&mut bytes).unwrap();
    assert!(bytes.ends_with(b"\r\n"));
    bytes.truncate(size);
    bytes
}

#[test]
fn each_piece_reaches_the_peer_before_the_next_is_made() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    for _ in 0..3 {
        let flow = stand.begin(&mut client, GET, None);
        let head = client.answer_without_body();
        assert_eq!(head.header("transfer-encoding"), Some("chunked"));
        for piece in ["one", "two", "three"] {
            flow.send(piece).unwrap();
            assert_eq!(chunk(&mut client), piece.as_bytes());
        }
        let trailers = Trailers::new().with("X-Sum", "11").unwrap();
        let number = flow.number();
        flow.finish_with(trailers).unwrap();
        let mut rest = [0; 16];
        client.0.read_exact(&mut rest).unwrap();
        assert_eq!(&rest, b"0\r\nX-Sum: 11\r\n\r\n");
        assert_eq!(stand.hear(), FlowEvent::Ended(number, FlowEnd::Finished));
    }
    assert_eq!(stand.end().flows_finished, 3);
}

#[test]
fn a_slow_peer_is_not_buffered_for_and_its_stage_hears_when_there_is_room() {
    let stand = stand(Limits {
        flow_high_mark_bytes: 1 << 20,
        flow_low_mark_bytes: 1 << 18,
        ..Limits::default()
    });
    let mut client = stand.serving.connect();
    let flow = stand.begin(&mut client, GET, None);
    let too_much = flow.send(vec![0; (1 << 20) + 1]).unwrap_err();
    assert_eq!(too_much.reason, Unsendable::TooMany);
    let (mut sent, mut piece) = (0_usize, vec![7; 1 << 16]);
    // The operating system takes some megabytes before it takes no more.
    let refused = loop {
        match flow.send(piece) {
            Ok(()) => sent += 1 << 16,
            Err(unsent) => break unsent,
        }
        assert!(flow.unsent() <= 1 << 20);
        piece = vec![7; 1 << 16];
    };
    assert_eq!(refused.reason, Unsendable::Clogged);
    assert_eq!(refused.piece.len(), 1 << 16, "it comes back whole");
    client.answer_without_body();
    let mut read = 0;
    let reader = thread::spawn(move || {
        loop {
            let bytes = chunk(&mut client).len();
            read += bytes;
            if bytes == 0 {
                return (read, client);
            }
        }
    });
    assert_eq!(stand.hear(), FlowEvent::Drained(flow.number()));
    flow.send(refused.piece).unwrap();
    let number = flow.number();
    flow.finish().unwrap();
    let (read, _client) = reader.join().unwrap();
    assert_eq!(read, sent + (1 << 16));
    assert_eq!(stand.hear(), FlowEvent::Ended(number, FlowEnd::Finished));
    assert_eq!(stand.end().flows_clogged, 1);
}

#[test]
fn one_that_is_dropped_is_seen_to_be_broken_off() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    let flow = stand.begin(&mut client, GET, None);
    flow.send("half").unwrap();
    let number = flow.number();
    drop(flow);
    client.answer_without_body();
    assert_eq!(chunk(&mut client), b"half");
    assert!(client.has_ended(), "without the last chunk");
    assert_eq!(stand.hear(), FlowEvent::Ended(number, FlowEnd::Abandoned));

    let mut old = stand.serving.connect();
    let flow = stand.begin(&mut old, "GET / HTTP/1.0\r\n\r\n", None);
    flow.send("half").unwrap();
    old.answer_without_body();
    let mut half = [0; 4];
    old.0.read_exact(&mut half).unwrap();
    drop(flow);
    let error = old.0.fill_buf().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(matches!(
        stand.hear(),
        FlowEvent::Ended(_, FlowEnd::Abandoned)
    ));
    drop((client, old));
    assert_eq!(stand.end().flows_abandoned, 2);
}

#[test]
fn a_wrong_length_is_told_and_closes_the_connection() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    let flow = stand.begin(&mut client, GET, Some(5));
    flow.send("hel").unwrap();
    let excess = flow.send("lo!").unwrap_err();
    assert_eq!(excess.reason, Unsendable::Excess);
    assert_eq!(flow.send("lo").unwrap_err().reason, Unsendable::Ended);
    assert_eq!(
        client.answer_without_body().header("content-length"),
        Some("5")
    );
    assert!(matches!(
        stand.hear(),
        FlowEvent::Ended(_, FlowEnd::Abandoned)
    ));

    let mut other = stand.serving.connect();
    let flow = stand.begin(&mut other, GET, Some(5));
    flow.send("hel").unwrap();
    assert_eq!(flow.finish(), Err(Short { missing: 2 }));
    assert!(matches!(
        stand.hear(),
        FlowEvent::Ended(_, FlowEnd::Abandoned)
    ));
    for mut client in [client, other] {
        let mut rest = Vec::new();
        client.0.read_to_end(&mut rest).unwrap();
        assert!(rest.ends_with(b"hel"));
    }
    assert_eq!(stand.end().flows_abandoned, 2);
}

#[test]
fn an_answer_to_head_has_no_body_whatever_is_made() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    let flow = stand.begin(&mut client, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", Some(3));
    assert!(!flow.wants_body());
    flow.send("abc").unwrap();
    flow.finish().unwrap();
    assert!(matches!(
        stand.hear(),
        FlowEvent::Ended(_, FlowEnd::Finished)
    ));
    assert_eq!(
        client.answer_without_body().header("content-length"),
        Some("3")
    );
    let flow = stand.begin(&mut client, GET, Some(0));
    assert!(flow.wants_body());
    flow.finish().unwrap();
    assert_eq!(
        client.answer().status,
        200,
        "the next answer is in its place"
    );
    assert!(matches!(
        stand.hear(),
        FlowEvent::Ended(_, FlowEnd::Finished)
    ));
    stand.end();
}

#[test]
fn the_stage_hears_that_the_peer_has_gone() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    let flow = stand.begin(&mut client, GET, None);
    let number = flow.number();
    client.answer_without_body();
    drop(client);
    assert_eq!(stand.hear(), FlowEvent::PeerDone(number));
    // What is sent now brings a reset about.
    while flow.send("anybody there?").is_ok() {
        thread::yield_now();
    }
    assert_eq!(stand.hear(), FlowEvent::Ended(number, FlowEnd::Gone));
    assert!(flow.has_ended());
    assert_eq!(flow.finish(), Ok(()), "which is not its stage's fault");
    assert_eq!(stand.end().flows_cut, 1);
}

#[test]
fn one_that_is_not_read_is_given_up_and_its_stage_hears_of_it() {
    let mut limits = Limits::default();
    limits.timeouts = Timeouts {
        write: Duration::from_millis(200),
        ..limits.timeouts
    };
    let stand = stand(limits);
    let mut client = stand.serving.connect();
    let flow = stand.begin(&mut client, GET, None);
    loop {
        while flow.send(vec![0; 1 << 16]).is_ok() {}
        match stand.hear() {
            FlowEvent::Drained(_) => {}
            other => break assert_eq!(other, FlowEvent::Ended(flow.number(), FlowEnd::Gone)),
        }
    }
    assert_eq!(stand.serving.figures().timed_out, 1);
    stand.end();
}

#[test]
fn a_drain_tells_streamed_answers_to_end_and_waits_for_them() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    let flow = stand.begin(&mut client, GET, None);
    client.answer_without_body();
    let running = stand.serving.running.clone();
    let drain = thread::spawn(move || running.drain(PATIENCE).unwrap());
    assert_eq!(stand.hear(), FlowEvent::Ending(flow.number()));
    flow.send("last words").unwrap();
    assert_eq!(chunk(&mut client), b"last words");
    let number = flow.number();
    flow.finish().unwrap();
    assert_eq!(chunk(&mut client), b"");
    assert!(client.has_ended());
    assert_eq!(stand.hear(), FlowEvent::Ended(number, FlowEnd::Finished));
    assert!(drain.join().unwrap().balances());
    stand.end();
}

#[test]
fn a_drain_does_not_wait_for_an_answer_of_which_nothing_comes() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    let flow = stand.begin(&mut client, GET, None);
    client.answer_without_body();
    let running = stand.serving.running.clone();
    let ledger = running.drain(PATIENCE).unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    assert!(client.has_ended(), "without the last chunk");
    assert_eq!(flow.send("too late").unwrap_err().reason, Unsendable::Ended);
    assert_eq!(stand.hear(), FlowEvent::Ending(flow.number()));
    assert_eq!(stand.hear(), FlowEvent::Ended(flow.number(), FlowEnd::Cut));
    assert_eq!(stand.end().flows_cut, 1);
}

#[test]
fn an_answer_that_only_the_end_of_its_connection_delimits_is_reset_when_it_is_cut() {
    for drains in [true, false] {
        let stand = stand(Limits::default());
        let mut old = stand.serving.connect();
        let flow = stand.begin(&mut old, "GET / HTTP/1.0\r\n\r\n", None);
        old.answer_without_body();
        if drains {
            assert!(stand.serving.running.drain(PATIENCE).unwrap().balances());
        } else {
            assert!(stand.serving.running.stop().balances());
        }
        let error = old.0.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert!(flow.has_ended());
    }
}

#[test]
fn a_stop_ends_streamed_answers() {
    let stand = stand(Limits::default());
    let mut client = stand.serving.connect();
    let flow = stand.begin(&mut client, GET, None);
    client.answer_without_body();
    assert!(stand.serving.running.stop().balances());
    assert!(client.has_ended());
    assert_eq!(flow.send("too late").unwrap_err().reason, Unsendable::Ended);
    assert_eq!(stand.serving.figures().flows_cut, 1);
}
