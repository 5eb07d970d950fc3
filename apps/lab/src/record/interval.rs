//! Latencies of a stretch of time, for logs of `HdrHistogram`.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Is the latencies of what was answered in a stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// When it began, after 1970-01-01 00:00 UTC.
    pub began: Duration,
    /// How long it is.
    pub lasts: Duration,
    /// Of which class these requests are, where there are classes.
    pub class: Option<u8>,
    /// Nanoseconds from when each request should have been sent.
    pub latencies: Histogram<u32>,
}
