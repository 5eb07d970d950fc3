//! Answers arrive compressed at those who ask for it, and say so to all.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::io::Read;

use flate2::read::GzDecoder;
use seda_core::{Graph, Stage};
use seda_io::http::{Exchange, Limits, Representation, Source};
use serving::{Answer, Raw, serve};

fn page() -> Vec<u8> {
    "all is well\n".repeat(1_000).into_bytes()
}

fn served(graph: &mut Graph) -> Stage<Exchange> {
    let source = Source::Memory(page().into());
    let page = Representation::new(source, "text/plain", "\"v1\"", None).unwrap();
    graph.stage("page").each(move |exchange: Exchange| {
        let answer = page.answer(exchange.request());
        let answer = answer.compressed_for(exchange.request());
        exchange.respond(answer);
        Ok(())
    })
}

fn ask(client: &mut Raw, method: &str, fields: &str) -> Answer {
    client.send(format!("{method} / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
    match method {
        "HEAD" => client.answer_without_body(),
        _ => client.answer(),
    }
}

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = GzDecoder::new(answer.body.as_slice());
    decoder.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn who_asks_for_it_gets_the_same_bytes_compressed() {
    let serving = serve(Limits::default(), served);
    let mut client = serving.connect();
    let plain = ask(&mut client, "GET", "");
    assert_eq!(plain.body, page());
    assert_eq!(plain.header("vary"), Some("Accept-Encoding"));
    let short = ask(&mut client, "GET", "Accept-Encoding: gzip\r\n");
    assert_eq!(short.header("content-encoding"), Some("gzip"));
    assert!(short.body.len() < plain.body.len() / 10);
    assert_eq!(decoded(&short), plain.body);
    serving.end();
}

/// RFC 9110 §8.6: the length is the one that a `GET` would be told.
#[test]
fn head_and_get_have_the_same_head() {
    let serving = serve(Limits::default(), served);
    let mut client = serving.connect();
    for fields in ["", "Accept-Encoding: gzip\r\n"] {
        let [get, head] = ["GET", "HEAD"].map(|method| ask(&mut client, method, fields));
        for name in ["content-length", "content-encoding", "etag", "vary"] {
            assert_eq!(get.header(name), head.header(name), "{name}");
        }
        assert!(head.header("content-length").is_some());
    }
    serving.end();
}

/// RFC 9110 §13.1.2, §13.1.5: a weak tag will do to know it again, and not for a part.
#[test]
fn the_tag_of_a_compressed_answer_is_known_again_and_begets_no_parts() {
    let serving = serve(Limits::default(), served);
    let mut client = serving.connect();
    let gzip = "Accept-Encoding: gzip\r\n";
    let first = ask(&mut client, "GET", gzip);
    let tag = first.header("etag").unwrap();
    let known = ask(
        &mut client,
        "GET",
        &format!("{gzip}If-None-Match: {tag}\r\n"),
    );
    assert_eq!((known.status, known.header("etag")), (304, Some(tag)));
    assert_eq!(known.header("vary"), Some("Accept-Encoding"));
    let part = format!("{gzip}Range: bytes=0-9\r\nIf-Range: {tag}\r\n");
    assert_eq!(ask(&mut client, "GET", &part).status, 200, "the whole");
    let part = ask(&mut client, "GET", &format!("{gzip}Range: bytes=0-9\r\n"));
    assert_eq!((part.status, part.header("content-encoding")), (206, None));
    assert_eq!(part.body, page()[..10]);
    serving.end();
}
