//! Bodies in chunks, in any pieces: what is taken is what a reading of a few lines takes.
//!
//! The first four bytes say how long the pieces are, in turn.
#![no_main]

#[path = "../../tests/driver/mod.rs"]
mod driver;
mod pieces;

use driver::{drive, small_limits};
use libfuzzer_sys::fuzz_target;

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

fuzz_target!(|data: &[u8]| {
    let Some((plan, body)) = data.split_first_chunk() else {
        return;
    };
    let limits = small_limits();
    let stream = [HEAD, body].concat();
    let whole = drive(&limits, &[&stream]);
    assert_eq!(drive(&limits, &pieces::cut(&stream, plan)), whole);
    if let Some(request) = whole.requests.first() {
        assert!(request.body().len() <= limits.body_bytes_max);
        assert_eq!(Some(request.body()), decoded(body).as_deref());
    }
});

/// Reads chunks as RFC 9112 §7.1 writes them; none when they are not whole.
fn decoded(mut input: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = line(&mut input)?;
        let digits = line.split(|byte| b"; \t".contains(byte)).next()?;
        let digits = str::from_utf8(digits).ok()?;
        let size = usize::from_str_radix(digits, 16).ok()?;
        if size == 0 {
            break;
        }
        body.extend(input.split_off(..size)?);
        if !self::line(&mut input)?.is_empty() {
            return None;
        }
    }
    while !line(&mut input)?.is_empty() {}
    Some(body)
}

/// Takes a line, without its end.
fn line<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = input.windows(2).position(|pair| pair == b"\r\n")?;
    let line = input.split_off(..end)?;
    input.split_off(..2)?;
    Some(line)
}
