//! The blocking client against servers that answer well, badly, or not at all.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use seda_io::http::{
    Client, ClientError, Connection, Fault, HttpDate, Limits, Method, Request, Response,
    StatusCode, Step, Target,
};

/// Accepts one connection and leaves it to `serve`.
fn server<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (Client, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::new(listener.local_addr().unwrap().to_string());
    let server = thread::spawn(move || serve(listener.accept().unwrap().0));
    (client, server)
}

/// Reads a head, answers with fixed bytes and closes; returns the head.
fn canned(answer: &'static [u8]) -> (Client, JoinHandle<String>) {
    server(move |mut stream| {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            head.extend(byte);
        }
        // A client that has read enough may be gone.
        drop(stream.write_all(answer));
        String::from_utf8(head).unwrap()
    })
}

/// Serves one connection by the state machine, echoing bodies.
fn echo(mut stream: TcpStream) {
    let mut connection = Connection::new(Arc::new(Limits::default()), 0);
    let date = HttpDate::from_unix(0);
    loop {
        while !connection.output().is_empty() {
            let count = stream.write(connection.output()).unwrap();
            connection.sent(count, 0);
        }
        match connection.step(0) {
            Step::NeedMore => {
                let mut block = [0; 4096];
                match stream.read(&mut block).unwrap() {
                    0 => connection.end_input(),
                    count => assert_eq!(connection.feed(block.get(..count).unwrap(), 0), count),
                }
            }
            Step::Request(request) => {
                let status = match request.target().path() {
                    "/missing" => StatusCode::NOT_FOUND,
                    _ => StatusCode::OK,
                };
                let answer = Response::new(status).with_body(request.into_body());
                connection.answer(answer, &date, 0).unwrap();
            }
            Step::Bad(error) => connection.answer(error.into(), &date, 0).unwrap(),
            Step::HalfClose => stream.shutdown(std::net::Shutdown::Write).unwrap(),
            Step::Wait | Step::Continue100 => {}
            Step::Body(_) | Step::BodyEnd(_) | Step::BodyBad(_) => panic!("nothing flows in"),
            Step::Closed | Step::Reset => return,
        }
    }
}

fn get(path: &str) -> Request {
    Request::new(Method::Get, Target::parse(path).unwrap())
}

fn fault_of(error: &ClientError) -> Fault {
    match error {
        ClientError::Malformed(error) => error.fault,
        other => panic!("not malformed but {other}"),
    }
}

#[test]
fn client_and_connection_understand_each_other() {
    let (client, server) = server(echo);
    let body = vec![b'x'; 300_000];
    let request =
        Request::new(Method::Post, Target::parse("/echo").unwrap()).with_body(body.clone());
    let answer = client.send(&request).unwrap();
    assert_eq!(
        (answer.status(), answer.body()),
        (StatusCode::OK, &body[..])
    );
    server.join().unwrap();
}

#[test]
fn a_refusal_arrives_although_the_body_was_not_read() {
    let (client, server) = server(echo);
    let request = Request::new(Method::Post, Target::parse("/echo").unwrap());
    let answer = client
        .send(&request.with_body(vec![b'x'; 8_000_000]))
        .unwrap();
    assert_eq!(answer.status(), StatusCode::CONTENT_TOO_LARGE);
    assert_eq!(answer.body(), b"body: longer than this server takes\n");
    server.join().unwrap();
}

#[test]
fn an_answer_that_came_before_the_pipe_broke_is_read() {
    let (client, server) = server(|mut stream| {
        stream
            .write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nbusy\n")
            .unwrap();
    });
    let request = Request::new(Method::Post, Target::parse("/").unwrap());
    let answer = client
        .send(&request.with_body(vec![b'x'; 8_000_000]))
        .unwrap();
    assert_eq!(
        (answer.status().code(), answer.body()),
        (503, &b"busy\n"[..])
    );
    server.join().unwrap();
}

#[test]
fn a_request_has_the_fields_of_its_framing() {
    let (client, server) = canned(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let request = get("/jobs?state=failed")
        .with_header("Accept", "text/plain")
        .unwrap();
    client.send(&request).unwrap();
    let head = server.join().unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("GET /jobs?state=failed HTTP/1.1"));
    assert!(lines.next().unwrap().starts_with("Host: 127.0.0.1:"));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        ["Accept: text/plain", "Connection: close", ""]
    );
}

#[test]
fn bodies_of_all_framings_are_read() {
    let rows: [(&'static [u8], &[u8]); 6] = [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b""),
        (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", b"x"),
    ];
    for (bytes, body) in rows {
        let (client, server) = canned(bytes);
        let answer = client.send(&get("/")).unwrap();
        assert_eq!(answer.body(), body, "{}", String::from_utf8_lossy(bytes));
        server.join().unwrap();
    }
}

#[test]
fn an_answer_to_head_ends_with_its_head() {
    let (client, server) = canned(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    let request = Request::new(Method::Head, Target::parse("/").unwrap());
    assert_eq!(
        client
            .send(&request)
            .unwrap()
            .headers()
            .get("content-length"),
        Some("5")
    );
    server.join().unwrap();
}

#[test]
fn malformed_answers_are_told_apart() {
    let rows: [(&'static [u8], Fault); 8] = [
        (b"", Fault::EndedEarly),
        (b"HTTP/1.1 200 OK\r\n", Fault::EndedEarly),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            Fault::EndedEarly,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            Fault::EndedEarly,
        ),
        (b"HTTP/1.1 OK\r\n\r\n", Fault::StatusLineMalformed),
        (b"HTTP/1.1 999 Odd\r\n\r\n", Fault::StatusLineMalformed),
        (b"HTTP/2.0 200 OK\r\n\r\n", Fault::VersionUnsupported),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            Fault::LengthRepeated,
        ),
    ];
    for (bytes, fault) in rows {
        let (client, server) = canned(bytes);
        let error = client.send(&get("/")).unwrap_err();
        assert_eq!(
            fault_of(&error),
            fault,
            "{}",
            String::from_utf8_lossy(bytes)
        );
        server.join().unwrap();
    }
}

#[test]
fn endless_interim_answers_are_not_followed() {
    let (client, server) = server(|mut stream| {
        let mut sent = 0;
        while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {
            sent += 1;
        }
        sent
    });
    let error = client.send(&get("/")).unwrap_err();
    assert_eq!(fault_of(&error), Fault::StatusLineMalformed);
    assert!(server.join().unwrap() > 0);
}

#[test]
fn a_body_is_kept_up_to_the_bound() {
    const FIVE: &[u8] = b"HTTP/1.0 200 OK\r\n\r\nhello";
    let (client, server) = canned(FIVE);
    let error = client.with_body_bytes_max(4).send(&get("/")).unwrap_err();
    assert!(
        matches!(error, ClientError::TooLarge { bytes_max: 4 }),
        "{error}"
    );
    server.join().unwrap();

    let (client, server) = canned(FIVE);
    assert_eq!(
        client
            .with_body_bytes_max(5)
            .send(&get("/"))
            .unwrap()
            .body(),
        b"hello"
    );
    server.join().unwrap();
}

#[test]
fn a_streamed_body_goes_to_the_sink_and_a_failure_to_the_caller() {
    let (client, server) = canned(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let mut sink = Vec::new();
    let answer = client
        .with_body_bytes_max(1)
        .stream(&get("/"), &mut sink)
        .unwrap();
    assert_eq!((answer.body(), &sink[..]), (&b""[..], &b"hello"[..]));
    server.join().unwrap();

    let (client, server) = canned(b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nno job\n");
    let mut sink = Vec::new();
    let answer = client.stream(&get("/"), &mut sink).unwrap();
    assert_eq!(
        (answer.status().code(), answer.body()),
        (404, &b"no job\n"[..])
    );
    assert!(sink.is_empty());
    server.join().unwrap();
}

#[test]
fn a_sink_that_fails_is_named() {
    let (client, server) = canned(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let mut full: &mut [u8] = &mut [0; 2];
    let error = client.stream(&get("/"), &mut full).unwrap_err();
    assert!(matches!(error, ClientError::Sink(_)), "{error}");
    server.join().unwrap();
}

#[test]
fn a_server_that_is_not_there_is_unreachable_and_says_why() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = Client::new(free.to_string()).send(&get("/")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot reach {free}: ")),
        "{error}"
    );
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    assert_eq!(
        source.map(io::Error::kind),
        Some(io::ErrorKind::ConnectionRefused)
    );

    let error = Client::new("no port").send(&get("/")).unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
}

#[test]
fn a_silent_server_is_given_up() {
    let (client, server) = server(|mut stream| stream.read_to_end(&mut Vec::new()).is_ok());
    let client = client.with_read_timeout(Duration::from_millis(20));
    let error = client.send(&get("/")).unwrap_err();
    assert_eq!(error.to_string(), "the server was silent for too long");
    assert!(server.join().unwrap());
}
