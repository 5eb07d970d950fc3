//! Any `Range` field: what is answered is a part that is there, and never much more than the whole.
//!
//! The first byte says how long the whole is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seda_io::http::{Method, Representation, Request, Response, Source, StatusCode, Target};

/// Bytes: heads and boundaries of as many parts as are answered, with room to spare.
const AROUND_PARTS_MAX: u64 = 16 * 160;

fuzz_target!(|data: &[u8]| {
    let Some((&len, field)) = data.split_first() else {
        return;
    };
    let (Ok(field), Some(target)) = (str::from_utf8(field), Target::parse("/")) else {
        return;
    };
    let whole: Vec<u8> = (0..len).collect();
    let Ok(request) = Request::new(Method::Get, target).with_header("Range", field) else {
        return;
    };
    let source = Source::Memory(whole.as_slice().into());
    let state = Representation::new(source, "text/plain", "\"tag\"", None);
    let answer = state.expect("sound fields").answer(&request);
    let place = answer.headers().get("content-range");
    match (answer.status(), place) {
        (StatusCode::OK, None) => assert_eq!(answer.body(), whole),
        (StatusCode::RANGE_NOT_SATISFIABLE, place) => {
            assert_eq!(place, Some(&*format!("bytes */{len}")));
        }
        (StatusCode::PARTIAL_CONTENT, Some(place)) => {
            let (start, end) = ends(place, len);
            assert_eq!(answer.body(), &whole[start..=end]);
        }
        (StatusCode::PARTIAL_CONTENT, None) => check_parts(&answer, len),
        other => panic!("answered {other:?}"),
    }
});

/// Reads a `Content-Range`.
fn ends(place: &str, len: u8) -> (usize, usize) {
    let (span, whole) = place
        .strip_prefix("bytes ")
        .and_then(|place| place.split_once('/'))
        .expect("a place");
    assert_eq!(whole, len.to_string());
    let (start, end) = span.split_once('-').expect("a span");
    let number = |text: &str| text.parse().expect("a number");
    (number(start), number(end))
}

fn check_parts(answer: &Response, len: u8) {
    let media_type = answer.headers().get("content-type").expect("a type");
    assert!(media_type.starts_with("multipart/byteranges; boundary="));
    assert!(answer.content().len() <= u64::from(len) + AROUND_PARTS_MAX);
}
