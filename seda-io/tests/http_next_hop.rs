//! An intermediary between a client and an origin that say exactly what they are told.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod calling;
mod serving;

use std::thread::JoinHandle;

use calling::Line;
use seda_core::{Graph, Plan};
use seda_io::http::{
    Answered, ClientLimits, Exchange, HopError, HttpClient, Limits, Origin, Reply, Response,
    StatusCode,
};
use serving::{Raw, Serving, serve_in};

/// Passes requests on to `origin`, and its answers back.
fn pass_on(origin: Origin) -> Serving {
    serve_in(
        Graph::new("proxy"),
        Plan::default().workers(1),
        Limits::default(),
        |graph| {
            let back = graph.stage("back").each(|answered: Answered<Reply>| {
                let response = answered.result?.for_next_hop("proxy")?;
                answered.token.respond(response);
                Ok(())
            });
            let caller = HttpClient::new(ClientLimits::default()).attach(graph, "client", &back);
            graph.stage("forth").each(move |exchange: Exchange| {
                let (request, reply) = exchange.split();
                match request.for_next_hop("proxy") {
                    Ok(request) => caller.send(&origin, request, reply).unwrap(),
                    Err(HopError::Last(_)) => {
                        reply.respond(Response::new(StatusCode::NO_CONTENT));
                    }
                    Err(error) => return Err(error.into()),
                }
                Ok(())
            })
        },
    )
}

/// Asks a proxy of an origin that answers each request on one connection with these bytes.
struct Proxied {
    serving: Serving,
    client: Raw,
    origin: JoinHandle<()>,
}

fn proxied(part: fn(&mut Line)) -> Proxied {
    let (address, origin) = calling::serve([part]);
    let serving = pass_on(address);
    let client = serving.connect();
    Proxied {
        serving,
        client,
        origin,
    }
}

impl Proxied {
    fn head_of(&mut self, request: &str) -> String {
        self.client.send(format!("{request}\r\nHost: a\r\n\r\n"));
        self.client.answer_without_body().head
    }

    fn end(self) {
        drop(self.client);
        self.serving.end();
        self.origin.join().unwrap();
    }
}

#[test]
fn the_answer_to_head_keeps_the_length_that_the_origin_says() {
    let mut proxied = proxied(|line| {
        for head in [
            "200 OK\r\nContent-Length: 5000",
            "200 OK\r\nTransfer-Encoding: chunked",
            "200 OK\r\nContent-Length: 0",
            "200 OK\r\nContent-Length: 5000, 5000",
        ] {
            assert!(line.request().starts_with("HEAD "));
            line.say(format!("HTTP/1.1 {head}\r\n\r\n"));
        }
        line.request();
        line.answer("whole");
        line.end();
    });
    let lengths = [(); 4].map(|()| {
        let head = proxied.head_of("HEAD / HTTP/1.1");
        assert!(!head.contains("chunked"), "{head}");
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        length.map(str::to_owned)
    });
    let expected = [Some("5000"), None, Some("0"), None];
    assert_eq!(lengths.each_ref().map(Option::as_deref), expected);
    // The connection is in step, on both sides.
    proxied.client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(proxied.client.answer().body, b"whole");
    proxied.end();
}

#[test]
fn the_date_of_the_origin_stays_and_one_that_lacks_is_added() {
    let mut proxied = proxied(|line| {
        line.request();
        line.say(
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
        );
        line.request();
        line.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        line.end();
    });
    let dates = |head: &str| -> Vec<String> {
        let dates = head.lines().filter_map(|line| line.strip_prefix("Date: "));
        dates.map(str::to_owned).collect()
    };
    let head = proxied.head_of("GET / HTTP/1.1");
    assert_eq!(dates(&head), ["Sun, 06 Nov 1994 08:49:37 GMT"]);
    let head = proxied.head_of("GET / HTTP/1.1");
    assert_eq!(dates(&head).len(), 1, "{head}");
    assert_ne!(dates(&head), ["Sun, 06 Nov 1994 08:49:37 GMT"]);
    proxied.end();
}

#[test]
fn via_names_the_versions_that_were_received() {
    let mut proxied = proxied(|line| {
        let head = line.request();
        assert!(head.contains("\r\nVia: 1.0 proxy\r\n"), "{head}");
        line.say("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
        let head = line.request();
        assert!(head.contains("\r\nVia: 1.1 proxy\r\n"), "{head}");
        line.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        line.end();
    });
    let head = proxied.head_of("GET / HTTP/1.0\r\nConnection: keep-alive");
    assert!(head.contains("\r\nVia: 1.0 proxy\r\n"), "{head}");
    let head = proxied.head_of("GET / HTTP/1.1");
    assert!(head.contains("\r\nVia: 1.1 proxy\r\n"), "{head}");
    proxied.end();
}

#[test]
fn the_last_one_that_may_have_a_request_answers_it() {
    let mut proxied = proxied(|line| {
        let head = line.request();
        assert!(head.contains("\r\nMax-Forwards: 0\r\n"), "{head}");
        line.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        line.end();
    });
    let head = proxied.head_of("OPTIONS / HTTP/1.1\r\nMax-Forwards: 0");
    assert!(head.starts_with("HTTP/1.1 204 "), "{head}");
    let head = proxied.head_of("OPTIONS / HTTP/1.1\r\nMax-Forwards: 1");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    proxied.end();
}
