//! What is compressed, what the fields say then, and that the bytes come back.

use std::io::Read;

use flate2::read::GzDecoder;
use proptest::prelude::*;

use super::*;
use crate::http::method::Method;
use crate::http::target::Target;

/// Is what came of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// Compressed, and caches are told that it depends on the client.
    Gzip,
    /// As it is, and caches are told.
    Plain,
    /// As it is for everybody.
    Fixed,
}

const LONG: usize = 2_000;

fn request(fields: &[(&str, &str)]) -> Request {
    let request = Request::new(Method::Get, Target::parse("/").unwrap());
    (fields.iter()).fold(request, |request, (name, value)| {
        request.with_header(name, value).unwrap()
    })
}

fn response(status: u16, fields: &[(&str, &str)], body: impl Into<Content>) -> Response {
    let response = Response::new(StatusCode::new(status).unwrap()).with_body(body);
    (fields.iter()).fold(response, |response, (name, value)| {
        response.with_header(name, value).unwrap()
    })
}

fn decoded(response: &Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = GzDecoder::new(response.body());
    decoder.read_to_end(&mut bytes).unwrap();
    bytes
}

fn sent(response: &Response) -> Sent {
    let headers = response.headers();
    match (headers.get("content-encoding"), headers.get("vary")) {
        (Some("gzip"), Some("Accept-Encoding")) => Sent::Gzip,
        (_, Some("Accept-Encoding")) => Sent::Plain,
        (_, None) => Sent::Fixed,
        other => panic!("{other:?}"),
    }
}

type Row = (&'static str, u16, &'static str, &'static str, Sent, Sent);

/// Paragraph (of RFC 9110 unless it says so), status, media type and a further
/// field of the answer, and what it becomes for a client that wants gzip and for
/// one that does not.
const ROWS: [Row; 19] = {
    use Sent::{Fixed, Gzip, Plain};
    [
        ("§8.4.1.3", 200, "text/plain", "", Gzip, Plain),
        ("§8.3.1", 200, "Text/HTML ; charset=a", "", Gzip, Plain),
        ("§8.3.1", 200, "application/json", "", Gzip, Plain),
        ("RFC 6839 §3.1", 200, "application/a+json", "", Gzip, Plain),
        ("RFC 7303 §4.2", 200, "image/svg+xml", "", Gzip, Plain),
        ("§8.3 short", 200, "image/png", "", Fixed, Fixed),
        ("§8.3 unknown", 200, "", "", Fixed, Fixed),
        ("§15.5", 404, "text/plain", "", Gzip, Plain),
        ("§15.3.5", 204, "text/plain", "", Fixed, Fixed),
        ("§15.3.6", 205, "text/plain", "", Fixed, Fixed),
        ("§15.3.7", 206, "text/plain", RANGE, Plain, Plain),
        ("§15.3.7", 206, "multipart/byteranges", "", Plain, Plain),
        ("§15.3.7", 206, "image/png", RANGE, Fixed, Fixed),
        ("§14.4", 200, "text/plain", RANGE, Fixed, Fixed),
        ("§15.4.5", 304, "", "", Plain, Plain),
        (
            "§8.4",
            200,
            "text/plain",
            "Content-Encoding: br",
            Fixed,
            Fixed,
        ),
        ("RFC 9530 §2", 200, "text/plain", DIGEST, Fixed, Fixed),
        ("RFC 9111 §5.2.2.6", 200, "text/css", KEEP, Fixed, Fixed),
        ("RFC 9111 §5.2.2.6", 304, "", KEEP, Fixed, Fixed),
    ]
};
const RANGE: &str = "Content-Range: bytes 0-1999/5000";
const DIGEST: &str = "Content-Digest: sha-256=:AA==:";
const KEEP: &str = "Cache-Control: max-age=9, No-Transform";

#[test]
fn what_is_worth_it_is_compressed_and_nothing_else() {
    for (paragraph, status, media_type, field, wanted, unwanted) in ROWS {
        let media_type = (!media_type.is_empty()).then_some(("Content-Type", media_type));
        let fields: Vec<_> = media_type
            .into_iter()
            .chain(field.split_once(": "))
            .collect();
        let answer = || response(status, &fields, vec![b'a'; LONG]);
        let what = format!("{paragraph}: {status} {fields:?}");
        let asked = request(&[("Accept-Encoding", "gzip")]);
        assert_eq!(sent(&answer().compressed_for(&asked)), wanted, "{what}");
        let plain = answer().compressed_for(&request(&[]));
        assert_eq!(sent(&plain), unwanted, "{what}, not asked for");
        assert_eq!(plain.body(), vec![b'a'; LONG], "{what}");
    }
}

#[test]
fn what_is_too_short_or_too_long_or_not_in_memory_stays_as_it_is() {
    let place = |bytes: u64| usize::try_from(bytes).unwrap();
    let [min, max] = [COMPRESSED_BYTES_MIN, COMPRESSED_BYTES_MAX].map(place);
    let halves = Content::Parts(vec![vec![b'a'; min].into(), Content::from("end")]);
    let rows: Vec<(Content, Sent)> = vec![
        (vec![b'a'; min - 1].into(), Sent::Fixed),
        (vec![b'a'; min].into(), Sent::Gzip),
        (vec![b'a'; max].into(), Sent::Gzip),
        (vec![b'a'; max + 1].into(), Sent::Fixed),
        (halves, Sent::Gzip),
        // What does not get shorter would have, had it been something else.
        (drawn(LONG).into(), Sent::Plain),
    ];
    let asked = request(&[("Accept-Encoding", "gzip")]);
    for (body, becomes) in rows {
        let what = (body.len(), becomes);
        let answer = response(200, &[("Content-Type", "text/plain")], body);
        assert_eq!(sent(&answer.compressed_for(&asked)), becomes, "{what:?}");
    }
}

/// Gives bytes without an order that could be made use of.
fn drawn(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut bytes = Vec::with_capacity(len);
    for _ in 0..len {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        bytes.push(state.to_be_bytes()[0]);
    }
    bytes
}

/// RFC 9110 §8.8.3.3 and §14.3: other bytes are not what a strong tag names, nor
/// are there ranges of them.
#[test]
fn the_fields_are_true_of_the_bytes_that_are_sent() {
    let fields = [
        ("Content-Type", "text/css"),
        ("ETag", "\"v1\""),
        ("Accept-Ranges", "bytes"),
        ("X-Kept", "yes"),
    ];
    let answer = || response(200, &fields, vec![b'a'; LONG]).closing();
    let sent = answer().compressed_for(&request(&[("Accept-Encoding", "gzip")]));
    let had: Vec<_> = sent.headers().iter().collect();
    let expected = [
        ("Content-Type", "text/css"),
        ("ETag", "W/\"v1\""),
        ("X-Kept", "yes"),
        ("Content-Encoding", "gzip"),
        ("Vary", "Accept-Encoding"),
    ];
    assert_eq!(had, expected);
    assert!(sent.closes(), "still");

    let plain = answer().compressed_for(&request(&[]));
    assert_eq!(plain.headers().get("etag"), Some("\"v1\""));
    assert_eq!(plain.headers().get("accept-ranges"), Some("bytes"));

    let weak = response(
        200,
        &[("Content-Type", "text/css"), ("ETag", "W/\"v1\"")],
        vec![b'a'; LONG],
    );
    let sent = weak.compressed_for(&request(&[("Accept-Encoding", "gzip")]));
    assert_eq!(sent.headers().get("etag"), Some("W/\"v1\""));
}

/// RFC 9110 §12.5.5.
#[test]
fn vary_is_said_once() {
    let rows: &[(&[&str], &[&str])] = &[
        (&[], &["Accept-Encoding"]),
        (&["Accept"], &["Accept", "Accept-Encoding"]),
        (&["Accept, accept-encoding"], &["Accept, accept-encoding"]),
        (&["*"], &["*"]),
    ];
    for (before, after) in rows {
        for coding in ["gzip", "identity"] {
            let mut answer = response(200, &[("Content-Type", "text/css")], vec![b'a'; LONG]);
            for value in *before {
                answer = answer.with_header("Vary", value).unwrap();
            }
            let sent = answer.compressed_for(&request(&[("Accept-Encoding", coding)]));
            let vary: Vec<_> = sent.headers().all("vary").collect();
            assert_eq!(vary, *after, "{coding}");
        }
    }
}

/// RFC 9111 §4.3.4: a cache finds what it holds by the tag of the 304.
#[test]
fn a_304_bears_the_tag_that_the_client_holds() {
    let rows = [
        ("W/\"v1\"", "W/\"v1\""),
        ("\"v0\", W/\"v1\"", "W/\"v1\""),
        ("\"v1\"", "\"v1\""),
        ("W/\"v2\", \"v1\"", "\"v1\""),
        ("*", "\"v1\""),
    ];
    for (asked, told) in rows {
        let known = response(304, &[("ETag", "\"v1\"")], Content::default());
        let sent = known.compressed_for(&request(&[("If-None-Match", asked)]));
        assert_eq!(sent.headers().get("etag"), Some(told), "{asked}");
    }
}

#[test]
fn an_answer_without_room_for_another_field_goes_as_it_came() {
    let mut answer = response(200, &[("Content-Type", "text/css")], vec![b'a'; LONG]);
    while let Ok(more) = answer.clone().with_header("X", "y") {
        answer = more;
    }
    let sent = answer
        .clone()
        .compressed_for(&request(&[("Accept-Encoding", "gzip")]));
    assert_eq!(sent, answer);
}

proptest! {
    #[test]
    fn decoding_gives_the_body_back(
        pieces in proptest::collection::vec(".{0,40}", 1..40),
        repeats in 1_usize..200,
    ) {
        let text = pieces.concat().repeat(repeats);
        let parts = pieces.iter().cycle().take(pieces.len() * repeats);
        let parts = Content::Parts(parts.map(|piece| piece.clone().into()).collect());
        let asked = request(&[("Accept-Encoding", "gzip")]);
        for body in [parts, text.clone().into()] {
            let fields = [("Content-Type", "text/plain")];
            let sent = response(200, &fields, body).compressed_for(&asked);
            if sent.headers().get("content-encoding").is_some() {
                prop_assert_eq!(decoded(&sent), text.as_bytes());
                prop_assert!(sent.body().len() < text.len());
            }
        }
    }
}
