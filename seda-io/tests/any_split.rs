//! A connection does the same however its bytes are cut.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod driver;

use driver::{drip, drive, small_limits};
use proptest::prelude::*;
use proptest::sample::Index;

/// Pieces of which both sound and unsound streams are made.
const FRAGMENTS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\n",
    b"POST /p?q HTTP/1.1\r\n",
    b"HEAD / HTTP/1.0\r\n",
    b"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n",
    b"Host: a\r\n",
    b"Content-Length: 3\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 40\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Connection: upgrade\r\n",
    b"Upgrade: echo\r\n",
    b"Expect: 100-continue\r\n",
    b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
    b"\r\n",
    b"abc",
    b"3\r\nabc\r\n",
    b"2;x=y\r\nab\r\n",
    b"0\r\n\r\n",
    b"0\r\nT: 1\r\n\r\n",
    b" ",
    b"\r",
    b"\n",
    b"\0",
    b":",
];

const REQUESTS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\r\nGET /a?b HTTP/1.1\r\nHost: a\r\nConnection: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n1\r\nd\r\n0\r\nT: 1\r\n\r\n",
    b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"DELETE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4x\r\n\r\nabc",
];

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        6 => prop::sample::select(FRAGMENTS).prop_map(<[u8]>::to_vec),
        6 => prop::sample::select(REQUESTS).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    let stream = prop::collection::vec(fragment, 0..12).prop_map(|fragments| fragments.concat());
    (
        stream,
        prop::option::weighted(0.3, (any::<Index>(), any::<u8>())),
    )
        .prop_map(|(mut stream, change)| {
            if let Some((at, byte)) = change.filter(|_| !stream.is_empty()) {
                let at = at.index(stream.len());
                stream[at] = byte;
            }
            stream
        })
}

fn pieces<'a>(stream: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| &stream[pair[0]..pair[1]])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_stream_gives_the_same_steps_however_it_is_cut(
        stream in stream(),
        cuts in prop::collection::vec(any::<Index>(), 0..8),
    ) {
        let limits = small_limits();
        let whole = drive(&limits, &[&stream]);
        prop_assert_eq!(&drip(&limits, &stream), &whole);
        prop_assert_eq!(&drive(&limits, &pieces(&stream, &cuts)), &whole);
    }
}

#[test]
fn sound_requests_in_one_stream_are_cut_at_every_pair_of_places() {
    let stream = REQUESTS[..6].concat();
    let limits = small_limits();
    let whole = drive(&limits, &[&stream]);
    assert_eq!(whole.requests.len(), 6, "{whole:?}");
    assert_eq!((whole.bad, whole.continues, whole.closed), (None, 1, true));
    let bodies: Vec<_> = whole
        .requests
        .iter()
        .map(|request| request.body().to_vec())
        .collect();
    assert_eq!(bodies, [&b""[..], b"", b"abc", b"abc", b"abcd", b""]);
    for first in 0..stream.len() {
        for second in (first..stream.len()).step_by(7) {
            let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
            assert_eq!(
                drive(&limits, &pieces),
                whole,
                "cut at {first} and {second}"
            );
        }
    }
}

#[test]
fn nothing_is_understood_behind_a_closing_request() {
    let stream = [REQUESTS[6], REQUESTS[0]].concat();
    let record = drip(&small_limits(), &stream);
    assert_eq!(record.requests.len(), 1);
    assert!(record.closed);
}
