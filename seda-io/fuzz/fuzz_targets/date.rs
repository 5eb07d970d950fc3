//! Any date: the conditions that compare it with a time of change agree with each other.
//!
//! The first eight bytes are a time of change, in seconds since 1970.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seda_io::http::{HttpDate, Method, Representation, Request, Source, Target};

/// Seconds: the last of the year 9999, and of what a date can say.
const SECONDS_MAX: u64 = 253_402_300_799;

fuzz_target!(|data: &[u8]| {
    let Some((seconds, text)) = data.split_first_chunk() else {
        return;
    };
    let seconds = u64::from_le_bytes(*seconds) % (SECONDS_MAX + 1);
    let state = state(seconds);
    let own = HttpDate::from_unix(seconds);
    assert_eq!(asked(&state, own.as_str()), Some([304, 200, 206]), "{own}");
    // What has quotes is an entity tag to `If-Range`, and no date to anyone.
    let Some(text) = str::from_utf8(text).ok().filter(|text| !text.contains('"')) else {
        return;
    };
    match asked(&state, text) {
        // It is later, the same, earlier, or no date.
        None | Some([304, 200, 200 | 206] | [200, 412, 200] | [200, 200, 200]) => {}
        other => panic!("{text:?} against {own}: {other:?}"),
    }
});

fn state(seconds: u64) -> Representation {
    let source = Source::Memory(b"0123456789".as_slice().into());
    let state = Representation::new(source, "text/plain", "\"tag\"", Some(seconds));
    state.expect("sound fields")
}

/// Gives the answers to the three conditions that take a date; none when it cannot stand in a field.
fn asked(state: &Representation, date: &str) -> Option<[u16; 3]> {
    let ask = |name: &str| {
        let request = Request::new(Method::Get, Target::parse("/")?);
        let request = request.with_header(name, date).ok()?;
        let request = match name {
            "If-Range" => request.with_header("Range", "bytes=0-0").ok()?,
            _ => request,
        };
        Some(state.answer(&request).status().code())
    };
    Some([
        ask("If-Modified-Since")?,
        ask("If-Unmodified-Since")?,
        ask("If-Range")?,
    ])
}
