//! What happens to a body that arrives, as events for a stage.

use std::fmt;
use std::ops::Deref;

use crate::http::fault::ProtocolError;
use crate::http::message::Response;
use crate::http::status::StatusCode;
use crate::http::trailers::Trailers;

/// Is what has happened to a body that is [wanted](super::Inflow::tell), by its
/// [number](super::Inflow::number).
///
/// # Ordering
///
/// The events of one body reach their stage in order, in any plan, since they
/// have its number as their key. The last is `End` or `Failed`, unless the graph
/// has ended before.
#[derive(Debug)]
pub enum InflowEvent {
    /// More of it has come. The next of it comes when this was dropped.
    Data(u64, Piece),
    /// It is whole; these fields stood behind it. Or the peer of an upgraded
    /// connection has ended its side, and may still read.
    End(u64, Trailers),
    /// It will never be whole. If it is that of a request, that is still to be
    /// answered, unless it was by an upgrade.
    Failed(u64, InflowFault),
}

impl InflowEvent {
    /// Returns the number of the body.
    pub const fn number(&self) -> u64 {
        match self {
            Self::Data(number, _) | Self::End(number, _) | Self::Failed(number, _) => *number,
        }
    }
}

/// Says why a body did not arrive as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflowFault {
    /// What came is malformed, too long, or too slow.
    Bad(ProtocolError),
    /// The request was answered before.
    Unwanted,
    /// The connection has ended.
    Gone,
    /// The deadline of the request whose answer it is has passed.
    Late,
}

impl fmt::Display for InflowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bad(error) => error.fmt(f),
            Self::Unwanted => f.write_str("the request was answered before its body was whole"),
            Self::Gone => f.write_str("the connection ended before the peer had"),
            Self::Late => {
                f.write_str("the time for the request was over before its answer was whole")
            }
        }
    }
}

impl From<InflowFault> for Response {
    /// Says to the peer what it did wrong, if it can still hear.
    fn from(fault: InflowFault) -> Self {
        match fault {
            InflowFault::Bad(error) => error.into(),
            InflowFault::Late => {
                Self::text(StatusCode::GATEWAY_TIMEOUT, format!("{fault}\n")).closing()
            }
            other => Self::text(StatusCode::BAD_REQUEST, format!("{other}\n")).closing(),
        }
    }
}

/// Is bytes of a body.
///
/// While it lives, nothing more of that body is read: it has at most this much in
/// a graph, whatever the queues.
pub struct Piece {
    bytes: Vec<u8>,
    gone: Gone,
}

/// Has something done when it is dropped: the next piece come.
pub(crate) struct Gone(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(gone) = self.0.take() {
            gone();
        }
    }
}

impl Piece {
    /// Makes a piece that has something done when it is gone.
    pub(crate) fn new(bytes: Vec<u8>, gone: impl FnOnce() + Send + Sync + 'static) -> Self {
        let gone = Gone(Some(Box::new(gone)));
        Self { bytes, gone }
    }

    /// Parts the bytes from what has more be read.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Gone) {
        (self.bytes, self.gone)
    }

    /// Takes the bytes out, and lets more be read.
    pub fn into_vec(self) -> Vec<u8> {
        self.bytes
    }
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Piece({} bytes)", self.bytes.len())
    }
}
