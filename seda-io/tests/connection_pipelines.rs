//! Pipelined requests of one connection: which are handed out at once, and the order of answers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use seda_io::http::{
    Connection, HttpDate, Limits, Method, ProtocolError, Request, Response, StatusCode, Step, Turn,
};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &[u8] = b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok";

const HEAD: &[u8] = b"HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n";
const REQUESTS: &[&[u8]] = &[GET, POST, HEAD];

fn open(limits: Limits) -> Connection {
    Connection::new(Arc::new(limits), 0)
}

fn begin(connection: &mut Connection) -> (Turn, Request) {
    match connection.step(0) {
        Step::Request(request) => (connection.turn(), request),
        other => panic!("no request but {other:?}"),
    }
}

fn bad(connection: &mut Connection) -> (Turn, ProtocolError) {
    match connection.step(0) {
        Step::Bad(error) => (connection.turn(), error),
        other => panic!("taken: {other:?}"),
    }
}

fn numbered(n: usize) -> Response {
    let response = Response::new(StatusCode::OK).with_header("X-N", &n.to_string());
    response.unwrap()
}

fn answer(connection: &mut Connection, turn: Turn, response: Response) {
    let date = HttpDate::from_unix(0);
    connection.answer_to(turn, response, &date, 0).unwrap();
}

/// Sends all output and returns it.
fn flush(connection: &mut Connection) -> String {
    let mut text = Vec::new();
    while !connection.output().is_empty() {
        text.extend(connection.output());
        connection.sent(connection.output().len(), 0);
    }
    String::from_utf8(text).unwrap()
}

/// Gives the numbers of the answers in some output.
fn numbers(output: &str) -> Vec<usize> {
    let lines = output.split("\r\n");
    lines
        .filter_map(|line| line.strip_prefix("X-N: "))
        .map(|number| number.parse().unwrap())
        .collect()
}

#[test]
fn answers_leave_in_the_order_of_their_requests() {
    let mut connection = open(Limits::default());
    connection.feed(&GET.repeat(3), 0);
    let turns: Vec<Turn> = (0..3).map(|_| begin(&mut connection).0).collect();
    for n in [2, 1] {
        answer(&mut connection, *turns.get(n).unwrap(), numbered(n));
        assert!(connection.output().is_empty(), "the first is not answered");
    }
    answer(&mut connection, *turns.first().unwrap(), numbered(0));
    assert_eq!(numbers(&flush(&mut connection)), [0, 1, 2]);
    assert!(!connection.owes_answer());
}

#[test]
fn an_answer_is_given_once() {
    let date = HttpDate::from_unix(0);
    let mut connection = open(Limits::default());
    connection.feed(&GET.repeat(2), 0);
    let (first, second) = (begin(&mut connection).0, begin(&mut connection).0);
    answer(&mut connection, second, numbered(1));
    let again = connection.answer_to(second, numbered(7), &date, 0);
    assert_eq!(again.unwrap_err().0, numbered(7));
    answer(&mut connection, first, numbered(0));
    for turn in [first, second] {
        assert!(connection.answer_to(turn, numbered(8), &date, 0).is_err());
    }
    assert_eq!(numbers(&flush(&mut connection)), [0, 1]);
}

#[test]
fn so_many_are_in_hand_and_no_more() {
    let mut connection = open(Limits {
        pipeline_max: 3,
        ..Limits::default()
    });
    connection.feed(&GET.repeat(5), 0);
    let turns: Vec<Turn> = (0..3).map(|_| begin(&mut connection).0).collect();
    assert_eq!(connection.step(0), Step::Wait);
    answer(&mut connection, *turns.first().unwrap(), numbered(0));
    begin(&mut connection);
    assert_eq!(connection.step(0), Step::Wait);
}

#[test]
fn what_is_not_safe_is_handled_alone() {
    let mut connection = open(Limits::default());
    connection.feed(&[GET, POST, GET].concat(), 0);
    let (get, _) = begin(&mut connection);
    assert_eq!(connection.step(0), Step::Wait, "the GET is in hand");
    answer(&mut connection, get, numbered(0));
    let (post, request) = begin(&mut connection);
    assert_eq!(
        (request.method(), request.body()),
        (&Method::Post, &b"ok"[..])
    );
    assert_eq!(connection.step(0), Step::Wait, "the POST is in hand");
    answer(&mut connection, post, numbered(1));
    let (get, _) = begin(&mut connection);
    answer(&mut connection, get, numbered(2));
    assert_eq!(numbers(&flush(&mut connection)), [0, 1, 2]);
}

#[test]
fn a_body_is_asked_for_behind_the_answers_that_are_due() {
    let mut connection = open(Limits::default());
    connection.feed(GET, 0);
    connection.feed(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        0,
    );
    let (get, _) = begin(&mut connection);
    assert_eq!(connection.step(0), Step::NeedMore);
    assert!(connection.output().is_empty());
    answer(&mut connection, get, numbered(0));
    assert_eq!(connection.step(0), Step::Continue100);
    let output = flush(&mut connection);
    assert!(
        output.ends_with("\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"),
        "{output}"
    );
}

#[test]
fn a_fault_is_answered_behind_what_is_due() {
    let mut connection = open(Limits::default());
    connection.feed(&[GET, b"nonsense\r\n\r\n"].concat(), 0);
    let (get, _) = begin(&mut connection);
    let (fault, error) = bad(&mut connection);
    answer(&mut connection, fault, error.into());
    assert!(connection.output().is_empty());
    answer(&mut connection, get, numbered(0));
    let output = flush(&mut connection);
    let (ok, refused) = (output.find(" 200 "), output.find(" 400 "));
    assert!(ok.unwrap() < refused.unwrap(), "{output}");
    assert_eq!(connection.step(0), Step::HalfClose);
}

#[test]
fn behind_an_answer_that_closes_nothing_is_answered() {
    let date = HttpDate::from_unix(0);
    let mut connection = open(Limits::default());
    connection.feed(&GET.repeat(2), 0);
    let (first, second) = (begin(&mut connection).0, begin(&mut connection).0);
    answer(&mut connection, first, numbered(0).closing());
    assert!(connection.answer_to(second, numbered(1), &date, 0).is_err());
    let output = flush(&mut connection);
    assert!(output.contains("Connection: close"), "{output}");
    assert_eq!(numbers(&output), [0]);
    assert_eq!(connection.step(0), Step::HalfClose);
}

#[test]
fn nothing_is_taken_behind_a_request_that_asks_to_close() {
    let mut connection = open(Limits::default());
    let last = b"GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    connection.feed(&[GET, last, GET].concat(), 0);
    let (first, second) = (begin(&mut connection).0, begin(&mut connection).0);
    assert_eq!(connection.step(0), Step::Wait);
    answer(&mut connection, first, numbered(0));
    assert!(!flush(&mut connection).contains("close"));
    answer(&mut connection, second, numbered(1));
    assert!(flush(&mut connection).contains("Connection: close"));
    assert_eq!(connection.step(0), Step::HalfClose);
}

#[test]
fn a_retired_connection_answers_what_is_in_hand_and_takes_no_more() {
    let mut connection = open(Limits::default());
    connection.feed(&GET.repeat(3), 0);
    let (first, second) = (begin(&mut connection).0, begin(&mut connection).0);
    connection.retire();
    assert_eq!(connection.step(0), Step::Wait);
    answer(&mut connection, second, numbered(1));
    answer(&mut connection, first, numbered(0));
    let output = flush(&mut connection);
    assert_eq!(numbers(&output), [0, 1]);
    assert_eq!(output.matches("Connection: close").count(), 1, "{output}");
    assert_eq!(connection.step(0), Step::HalfClose);
}

/// A peer and the stages of one connection, which do their part in any order.
struct World {
    connection: Connection,
    unfed: Vec<u8>,
    in_hand: Vec<(Turn, usize, bool)>,
    taken: usize,
    output: String,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Feed(usize),
    Answer(Index),
    Send(usize),
}

impl World {
    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Feed(most) => {
                let most = most.min(self.unfed.len());
                let (bytes, _) = self.unfed.split_at(most);
                let fed = self.connection.feed(bytes, 0);
                self.unfed.drain(..fed);
            }
            Deed::Answer(index) if !self.in_hand.is_empty() => {
                let (turn, n, _) = self.in_hand.remove(index.index(self.in_hand.len()));
                answer(&mut self.connection, turn, numbered(n));
            }
            Deed::Answer(_) => {}
            Deed::Send(most) => {
                let front = self.connection.output();
                let (sent, _) = front.split_at(front.len().min(most));
                self.output.push_str(str::from_utf8(sent).unwrap());
                let count = sent.len();
                self.connection.sent(count, 0);
            }
        }
        while let Step::Request(request) = self.connection.step(0) {
            let safe = request.method().is_safe();
            self.in_hand
                .push((self.connection.turn(), self.taken, safe));
            self.taken += 1;
        }
    }
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        3 => (1_usize..120).prop_map(Deed::Feed),
        3 => any::<Index>().prop_map(Deed::Answer),
        1 => (1_usize..400).prop_map(Deed::Send),
    ];
    prop::collection::vec(deed, 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn each_request_has_its_answer_in_order_whenever_it_is_given(
        requests in prop::collection::vec(prop::sample::select(REQUESTS), 1..20),
        deeds in deeds(),
        first in any::<Index>(),
        pipeline_max in 1_usize..5,
    ) {
        let limits = Limits { pipeline_max, output_mark_bytes: 600, ..Limits::default() };
        let mut world = World {
            connection: open(limits),
            unfed: requests.concat(),
            in_hand: Vec::new(),
            taken: 0,
            output: String::new(),
        };
        let to_the_end = [Deed::Feed(usize::MAX), Deed::Answer(first), Deed::Send(usize::MAX)];
        for deed in deeds.into_iter().chain(to_the_end.repeat(requests.len() + 1)) {
            world.act(deed);
            let in_hand = &world.in_hand;
            prop_assert!(in_hand.len() <= pipeline_max);
            prop_assert!(in_hand.len() <= 1 || in_hand.iter().all(|(_, _, safe)| *safe));
        }
        prop_assert_eq!(world.taken, requests.len());
        prop_assert_eq!(numbers(&world.output), (0..requests.len()).collect::<Vec<_>>());
        prop_assert!(!world.connection.owes_answer());
    }
}
