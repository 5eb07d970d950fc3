//! Logs of latencies for the tools of `HdrHistogram`: an interval a line.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};

use crate::record::{Interval, Record, Run};

/// What such logs begin with.
const FORMAT: &str = "[Histogram log format version 1.3]";
/// Nanoseconds of a millisecond: in these, each line has its longest latency for people.
const MAX_DIVISOR: f64 = 1e6;

/// Writes the latencies that runs have kept: of each run an interval of a second after
/// the other, of each class apart, counted from when requests should have been sent.
///
/// The values are nanoseconds; the tag is the variant, and behind slashes the load as
/// in `0.5x` or `16-clients`, and the class as in `class-0`, where there are such.
/// What a tag cannot have is written as in a URL. Runs with several seeds share a tag,
/// and follow each other in time.
///
/// # Errors
///
/// Those of `out`.
///
/// # Sources
///
/// The format is that of `HistogramLogWriter` in `HdrHistogram` 2.1 (Java), with
/// histograms in its compressed encoding, version 2.
pub fn write_hdr_log(record: &Record, out: &mut impl Write) -> io::Result<()> {
    let intervals = record.runs.iter().flat_map(|run| &run.intervals);
    let base = intervals.map(|it| it.began).min();
    // Lines have milliseconds, and so has the moment from which they count.
    let base = Duration::from_secs(base.unwrap_or_default().as_secs());
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment(FORMAT)
        .add_comment(&format!("[{}]", record.provenance.command))
        .with_start_time(UNIX_EPOCH + base)
        .with_base_time(UNIX_EPOCH + base)
        .with_max_value_divisor(MAX_DIVISOR)
        .begin_log_with(out, &mut serializer)?;
    for run in &record.runs {
        for interval in &run.intervals {
            let tag = tag(run, interval);
            let after = interval.began.saturating_sub(base);
            log.write_histogram(&interval.latencies, after, interval.lasts, Tag::new(&tag))
                .map_err(|error| match error {
                    IntervalLogWriterError::IoError(error) => error,
                    IntervalLogWriterError::SerializeError(error) => io::Error::other(error),
                })?;
        }
    }
    Ok(())
}

fn tag(run: &Run, interval: &Interval) -> String {
    let mut tag = escaped(&run.variant);
    if let Some(load) = run.load {
        append(&mut tag, format_args!("/{load}x"));
    }
    if let Some(clients) = run.clients {
        append(&mut tag, format_args!("/{clients}-clients"));
    }
    if let Some(class) = interval.class {
        append(&mut tag, format_args!("/class-{class}"));
    }
    tag
}

/// Writes what would end a tag, or be taken for a part of it, as its bytes.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for letter in name.chars() {
        let plain = !letter.is_whitespace() && !letter.is_control() && !",/%=".contains(letter);
        if plain {
            escaped.push(letter);
            continue;
        }
        let mut bytes = [0; 4];
        for byte in letter.encode_utf8(&mut bytes).bytes() {
            append(&mut escaped, format_args!("%{byte:02X}"));
        }
    }
    escaped
}

fn append(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = text.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_no_letter_that_ends_it_and_no_two_variants_share_one() {
        assert_eq!(escaped("drain-rate"), "drain-rate");
        assert_eq!(escaped("drain rate,\n=é/1x"), "drain%20rate%2C%0A%3Dé%2F1x");
        assert_ne!(escaped("a b"), escaped("a%20b"));
        assert!(Tag::new(&escaped("a b,\r\u{2003}c")).is_some());
    }
}
