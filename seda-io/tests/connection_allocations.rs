//! What a request costs in memory on a connection that is kept alive.
#![allow(
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::sync::Arc;

use allocation_counter::measure;
use seda_io::http::{Connection, Content, HttpDate, Limits, Response, StatusCode, Step};

const GET: &[u8] =
    b"GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nAccept: */*\r\nUser-Agent: test\r\n\r\n";

/// Handles `n` requests that arrive together.
fn serve(connection: &mut Connection, date: &HttpDate, n: usize) {
    for _ in 0..n {
        connection.feed(GET, 0);
    }
    for _ in 0..n {
        let Step::Request(request) = connection.step(0) else {
            panic!("a request has arrived");
        };
        drop(request);
    }
    for _ in 0..n {
        let answered = connection.answer(Response::text(StatusCode::OK, "hello\n"), date, 0);
        assert!(answered.is_ok());
    }
    assert_eq!(connection.step(0), Step::NeedMore);
    let len = connection.output_blocks().map(<[u8]>::len).sum();
    connection.sent(len, 0);
    connection.step(0);
}

#[test]
fn a_request_takes_few_allocations_and_leaves_nothing_behind() {
    let date = HttpDate::from_unix(0);
    let mut connection = Connection::new(Arc::new(Limits::default()), 0);
    // The thread comes to keep blocks that are long enough.
    for _ in 0..4 {
        serve(&mut connection, &date, 16);
        serve(&mut connection, &date, 1);
    }
    let one = measure(|| serve(&mut connection, &date, 1));
    // The text of the fields; the rest lies in blocks that the thread keeps.
    assert_eq!((one.count_total, one.bytes_current), (1, 0), "{one:?}");
    let many = measure(|| serve(&mut connection, &date, 16));
    assert!(many.count_total <= 16 * 2, "{many:?}");
    assert!(many.bytes_current <= 0, "{many:?}");
}

#[test]
fn a_body_that_waits_for_more_holds_no_more_than_has_come() {
    let mut connection = Connection::new(Arc::new(Limits::default()), 0);
    let come = 10_000;
    let begun = [
        &b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n"[..],
        &vec![b'x'; come],
    ]
    .concat();
    let held = measure(|| {
        connection.feed(&begun, 0);
        assert_eq!(connection.step(0), Step::NeedMore);
    });
    let beside = 2_000;
    assert!(
        (come..come + beside).contains(&usize::try_from(held.bytes_current).unwrap_or(0)),
        "{held:?}"
    );
}

#[test]
fn an_answer_whose_body_others_hold_takes_the_memory_of_its_head() {
    let mut connection = Connection::new(Arc::new(Limits::default()), 0);
    connection.feed(GET, 0);
    assert!(matches!(connection.step(0), Step::Request(_)));
    let body: Arc<[u8]> = vec![b'x'; 1024 * 1024].into();
    let answer = Response::new(StatusCode::OK).with_body(Content::Shared(body));
    let date = HttpDate::from_unix(0);
    let held = measure(|| {
        let answered = connection.answer(answer, &date, 0);
        assert!(answered.is_ok());
    });
    // The head, and a list of blocks.
    assert!(held.bytes_current < 1_000, "{held:?}");
}
