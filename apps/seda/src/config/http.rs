//! What the configuration says of HTTP: bounds of connections and peers, and wishes.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use seda_io::http::TimeoutUnit;
use seda_io::net::Rate;

use crate::config::section::{Reported, Section};
use crate::config::setting::{Bytes, HeaderName};

/// Limits of HTTP connections, and of who makes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Http {
    /// How many connections may be open at once.
    pub connections_max: NonZeroUsize,
    /// How many of them one peer may have; nothing for as many as there are.
    pub connections_per_peer_max: Option<NonZeroUsize>,
    /// How many requests one peer may make; nothing for any number.
    pub rate_per_peer: Option<Rate>,
    /// How many requests all peers together may make; nothing for any number.
    pub rate: Option<Rate>,
    /// The longest request head.
    pub head_bytes_max: Bytes,
    /// The longest request body.
    pub body_bytes_max: Bytes,
    /// From the first byte of a head to its last.
    pub head_timeout: Duration,
    /// From the first byte of a body to its last.
    pub body_timeout: Duration,
    /// Between two requests of one connection.
    pub idle_timeout: Duration,
    /// Which headers of requests say how they are to be handled.
    pub wishes: HeededWishes,
}

/// Headers by which a request says how it is to be handled.
#[derive(Clone, Debug, PartialEq)]
pub struct HeededWishes {
    /// That for how urgent it is; nothing if none is heeded.
    pub priority: Option<HeaderName>,
    /// That for how long it is waited for; nothing if none is heeded.
    pub timeout: Option<HeaderName>,
    /// What the number of a timeout counts.
    pub timeout_unit: TimeoutUnit,
    /// What is more than this is taken as this.
    pub timeout_max: Duration,
}

/// Reads the table.
///
/// # Errors
///
/// When one of its values is wrong; the section knows which.
pub fn read(section: &mut Section<'_>) -> Result<Http, Reported> {
    let connections_max = section.get("connections_max");
    let connections_per_peer_max = section.optional("connections_per_peer_max");
    let rate_per_peer = rate(section, "rate_per_peer", "burst_per_peer");
    let rate = rate(section, "rate", "burst");
    let head_bytes_max = section.get("head_bytes_max");
    let body_bytes_max = section.get("body_bytes_max");
    let head_timeout = section.get("head_timeout");
    let body_timeout = section.get("body_timeout");
    let idle_timeout = section.get("idle_timeout");
    let wishes = section.section("wishes", wishes);
    Ok(Http {
        connections_max: connections_max?,
        connections_per_peer_max: connections_per_peer_max?,
        rate_per_peer: rate_per_peer?,
        rate: rate?,
        head_bytes_max: head_bytes_max?,
        body_bytes_max: body_bytes_max?,
        head_timeout: head_timeout?,
        body_timeout: body_timeout?,
        idle_timeout: idle_timeout?,
        wishes: wishes?,
    })
}

/// Reads a rate, and how much of it may come at once after a rest.
fn rate(
    section: &mut Section<'_>,
    rate: &'static str,
    burst: &'static str,
) -> Result<Option<Rate>, Reported> {
    let read = section.optional::<Rate>(rate);
    let at_once = section.optional::<NonZeroU32>(burst);
    section.needs(burst, rate);
    let with_burst = |read: Rate, burst: NonZeroU32| read.with_burst(burst.get());
    Ok(match (read?, at_once?) {
        (Some(read), Some(burst)) => Some(with_burst(read, burst)),
        (read, _) => read,
    })
}

fn wishes(section: &mut Section<'_>) -> Result<HeededWishes, Reported> {
    let priority = section.optional("priority");
    let timeout = section.optional("timeout");
    let timeout_unit = section.get("timeout_unit");
    let timeout_max = section.get("timeout_max");
    Ok(HeededWishes {
        priority: priority?,
        timeout: timeout?,
        timeout_unit: timeout_unit?,
        timeout_max: timeout_max?,
    })
}
