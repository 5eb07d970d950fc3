//! Bodies that pass through an intermediary as they come: memory, pressure, ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod calling;
mod serving;

use std::io::{BufRead, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;

use calling::{Line, origin_of};
use seda_core::{Graph, Plan};
use seda_io::http::{
    Answered, Caller, ClientFigures, ClientLimits, Exchange, HttpClient, Limits, Opening, Origin,
    Reply, Response, StatusCode,
};
use serving::{PATIENCE, Raw, Serving, serve_in, wait_until};

const BLOCK: usize = 1 << 16;
/// Bytes, 64 MiB: what passes through.
const LONG: usize = 64 << 20;
/// Bytes, 24 MiB: more than the four sockets on the way hold by Linux's defaults
/// (`tcp_rmem` 6 MiB, `tcp_wmem` 4 MiB, for two connections), and the proxy.
const HELD: usize = 24 << 20;
/// Bytes, 8 MiB: what this process may have grown by.
const GROWN: usize = 8 << 20;

/// A proxy that passes all bodies on as they come.
struct Proxy {
    serving: Serving,
    caller: Caller<Reply>,
}

fn pass_on(origin: Origin) -> Proxy {
    let limits = Limits {
        body_streams_above: 0,
        requests_max: u32::MAX,
        ..Limits::default()
    };
    let (give, given) = channel();
    let plan = Plan::default().workers(1);
    let serving = serve_in(Graph::new("proxy"), plan, limits, |graph| {
        let back = graph.stage("back").each(|answered: Answered<Reply>| {
            let reply = answered.token;
            match (answered.result, answered.inflow) {
                (Ok(response), None) => reply.respond(response.for_next_hop("proxy")?),
                (Ok(response), Some(body)) => {
                    body.pour(reply.stream(response.for_next_hop("proxy")?));
                }
                (Err(error), _) => {
                    let status = StatusCode::BAD_GATEWAY;
                    reply.respond(Response::text(status, error.to_string()));
                }
            }
            Ok(())
        });
        let client = HttpClient::new(ClientLimits::default());
        let caller = client.attach(graph, "client", &back).streaming_above(0);
        give.send(caller.clone()).unwrap();
        graph.stage("forth").each(move |mut exchange: Exchange| {
            let body = exchange.take_inflow();
            let (request, reply) = exchange.split();
            let request = request.for_next_hop("proxy")?;
            match body {
                None => caller.send(&origin, request, reply)?,
                Some(body) => {
                    let opening = Opening::from(request).for_body(&body);
                    body.pour(caller.stream(&origin, opening, reply)?);
                }
            }
            Ok(())
        })
    });
    let caller = given.recv().unwrap();
    Proxy { serving, caller }
}

impl Proxy {
    fn figures(&self) -> ClientFigures {
        self.caller.tallies().read()
    }

    fn until(&self, what: &str, done: impl Fn(&ClientFigures) -> bool) {
        wait_until(what, || done(&self.figures()));
    }

    /// Drains; all bodies, either way, must be accounted for on both sides.
    fn end(&self) -> ClientFigures {
        self.serving.end();
        let server = self.serving.figures();
        let ended = server.flows_finished + server.flows_abandoned + server.flows_cut;
        assert_eq!(server.flows, ended, "{server:?}");
        let client = self.figures();
        let ended = client.flows_finished + client.flows_abandoned + client.flows_cut;
        assert_eq!(client.flows, ended, "{client:?}");
        let ended = client.inflows_whole + client.inflows_failed + client.inflows_unwanted;
        assert_eq!(client.inflows, ended, "{client:?}");
        assert_eq!(client.dialled, client.closed, "{client:?}");
        client
    }
}

/// Serves any number of connections, each by what `part` says.
fn backend(part: impl Fn(&mut Line) + Clone + Send + 'static) -> Origin {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = origin_of(&listener);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let part = part.clone();
            thread::spawn(move || part(&mut Line::new(stream.unwrap())));
        }
    });
    origin
}

/// Writes a body whose blocks are numbered, and counts what the system has taken.
fn write_long(stream: &mut TcpStream, taken: &AtomicUsize) {
    for number in 0..LONG / BLOCK {
        stream.write_all(&vec![block_byte(number); BLOCK]).unwrap();
        taken.fetch_add(BLOCK, Ordering::Relaxed);
    }
}

/// Reads such a body.
fn read_long(from: &mut impl Read) {
    let mut block = vec![0; BLOCK];
    for number in 0..LONG / BLOCK {
        from.read_exact(&mut block).unwrap();
        assert!(block.iter().all(|byte| *byte == block_byte(number)));
    }
}

fn block_byte(number: usize) -> u8 {
    u8::try_from(number % 251).unwrap()
}

/// Returns the most bytes of memory that this process has had.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<usize>().unwrap() << 10
}

/// Answers requests for `/short` until one of another kind comes; gives its head, which
/// is no more than the end of the connection if none does.
fn short_until(line: &mut Line, other: &str) -> String {
    loop {
        let head = line.head();
        if head.starts_with(other) {
            return head;
        }
        match head.split(' ').nth(1) {
            Some(path) => line.answer(path),
            None => thread::park(),
        }
    }
}

/// Has the one worker turn a thousand times: who reads 64 KiB in each turn, whatever is
/// unsent, has read all by then.
fn turn_much(proxy: &Proxy) {
    let mut other = proxy.serving.connect();
    for _ in 0..LONG / BLOCK {
        other.send("GET /short HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(other.answer().body, b"/short");
    }
}

/// Reads one chunk, without its line ends.
fn chunk(from: &mut Raw) -> Vec<u8> {
    let mut size = String::new();
    from.0.read_line(&mut size).unwrap();
    let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
    let mut bytes = vec![0; size];
    from.0.read_exact(&mut bytes).unwrap();
    let mut end = [0; 2];
    if size > 0 {
        from.0.read_exact(&mut end).unwrap();
    }
    bytes
}

#[test]
fn a_long_answer_to_a_slow_client_is_held_in_part_only() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let origin = backend(move |line| {
        short_until(line, "GET /long ");
        line.say(format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n"));
        write_long(line.0.get_mut(), &counted);
        line.echo();
    });
    let proxy = pass_on(origin);
    let mut client = proxy.serving.connect();
    turn_much(&proxy);
    let before = peak();
    client.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.answer_without_body();
    assert_eq!(head.header("content-length"), Some(&*LONG.to_string()));
    turn_much(&proxy);
    let kept = taken.load(Ordering::Relaxed);
    assert!(kept <= HELD, "{kept} bytes are held");
    read_long(&mut client.0);
    let grown = peak() - before;
    assert!(grown <= GROWN, "{grown} bytes more of memory");
    // Both connections go on.
    client.send("GET /again HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().body, b"/again");
    drop(client);
    assert_eq!(proxy.end().dialled, 2);
}

#[test]
fn a_long_request_to_a_slow_server_is_held_in_part_only() {
    let (go, gone) = channel::<()>();
    let gone = Arc::new(Mutex::new(gone));
    let origin = backend(move |line| {
        let head = short_until(line, "PUT /long ");
        assert!(
            head.contains(&format!("\r\nContent-Length: {LONG}\r\n")),
            "{head}"
        );
        gone.lock().unwrap().recv().unwrap();
        read_long(&mut line.0);
        line.answer("thanks");
        line.echo();
    });
    let proxy = pass_on(origin);
    turn_much(&proxy);
    let before = peak();
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let mut client = proxy.serving.connect();
    let writer = thread::spawn(move || {
        client.send(format!(
            "PUT /long HTTP/1.1\r\nHost: a\r\nContent-Length: {LONG}\r\n\r\n"
        ));
        write_long(client.0.get_mut(), &counted);
        client
    });
    proxy.until("it is on its way", |it| it.flows == 1);
    turn_much(&proxy);
    let kept = taken.load(Ordering::Relaxed);
    assert!(kept <= HELD, "{kept} bytes are held");
    go.send(()).unwrap();
    let mut client = writer.join().unwrap();
    assert_eq!(client.answer().body, b"thanks");
    let grown = peak() - before;
    assert!(grown <= GROWN, "{grown} bytes more of memory");
    client.send("GET /again HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().body, b"/again");
    drop(client);
    let figures = proxy.end();
    assert_eq!((figures.dialled, figures.flows_finished), (2, 1));
}

#[test]
fn chunks_and_trailers_pass_both_ways_while_both_are_on_their_way() {
    let origin = backend(|line| {
        line.head();
        line.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        loop {
            let bytes = line.chunk();
            let size = bytes.len();
            if size == 0 {
                break;
            }
            line.say(format!("{size:x}\r\n"));
            line.say(bytes);
            line.say("\r\n");
        }
        let trailers = line.head();
        line.say(format!("0\r\n{trailers}"));
        line.echo();
    });
    let proxy = pass_on(origin);
    let mut client = proxy.serving.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("4\r\nping\r\n");
    client.answer_without_body();
    assert_eq!(chunk(&mut client), b"ping");
    client.send("5\r\nagain\r\n");
    assert_eq!(chunk(&mut client), b"again");
    client.send("0\r\nX-Sum: 9\r\n\r\n");
    assert_eq!(chunk(&mut client), b"");
    assert_eq!(Line(client.0).head(), "X-Sum: 9\r\n\r\n");
    assert_eq!(proxy.end().inflows_whole, 1);
}

#[test]
fn a_server_that_breaks_off_is_seen_by_the_client() {
    let origin = backend(|line| {
        line.head();
        line.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    });
    let proxy = pass_on(origin);
    let mut client = proxy.serving.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer_without_body();
    assert_eq!(chunk(&mut client), b"half");
    assert!(client.has_ended(), "without the last chunk");
    drop(client);
    let figures = proxy.end();
    assert_eq!((figures.inflows, figures.inflows_failed), (1, 1));
    assert_eq!(proxy.serving.figures().flows_abandoned, 1);
}

#[test]
fn a_client_that_goes_away_is_seen_by_the_server() {
    let (tell, told) = channel();
    let origin = backend(move |line| {
        if line.head().starts_with("GET ") {
            line.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while line.0.get_mut().write_all(b"4\r\nmore\r\n").is_ok() {}
        } else {
            assert_eq!(line.chunk(), b"half");
            let mut rest = Vec::new();
            let _ = line.0.read_to_end(&mut rest);
            assert_eq!(rest, b"", "without the last chunk");
        }
        tell.send(()).unwrap();
    });
    let proxy = pass_on(origin);
    let mut client = proxy.serving.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer_without_body();
    drop(client);
    told.recv_timeout(PATIENCE).unwrap();

    let mut client = proxy.serving.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    proxy.until("it is on its way", |it| it.flows == 1);
    client.0.get_mut().shutdown(Shutdown::Write).unwrap();
    told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(client.answer().status, 502);
    drop(client);
    let figures = proxy.end();
    assert_eq!((figures.inflows_unwanted, figures.flows_abandoned), (1, 1));
}

#[test]
fn a_client_that_goes_away_is_seen_by_a_server_that_says_nothing() {
    let (tell, told) = channel();
    let origin = backend(move |line| {
        line.head();
        line.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
        line.end();
        tell.send(()).unwrap();
    });
    let proxy = pass_on(origin);
    let mut client = proxy.serving.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer_without_body();
    assert_eq!(chunk(&mut client), b"half");
    let mut client = Line(client.0);
    client.reset();
    drop(client);
    told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(proxy.end().inflows_unwanted, 1);
}
