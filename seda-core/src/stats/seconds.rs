//! Durations as figures in seconds, for whoever reads snapshots outside Rust.

use std::time::Duration;

use serde::Serializer;

/// Serializes a duration as a number of seconds.
pub(crate) fn exact<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

/// Serializes a duration that may be unknown.
#[allow(
    clippy::ref_option,
    reason = "serde calls it with a reference to the field"
)]
pub(crate) fn known<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => to.serialize_some(&time.as_secs_f64()),
        None => to.serialize_none(),
    }
}
