//! Any bytes at all, in any pieces: a connection does the same as when they come at once.
//!
//! The first four bytes say how long the pieces are, in turn.
#![no_main]

#[path = "../../tests/driver/mod.rs"]
mod driver;
mod pieces;

use driver::{drive, small_limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((plan, stream)) = data.split_first_chunk() else {
        return;
    };
    let limits = small_limits();
    let whole = drive(&limits, &[stream]);
    assert!(
        whole.closed,
        "the peer has ended and the connection has not"
    );
    let bodies = whole.requests.iter().map(|request| request.body().len());
    assert!(bodies.max() <= Some(limits.body_bytes_max));
    assert_eq!(drive(&limits, &pieces::cut(stream, plan)), whole);
});
