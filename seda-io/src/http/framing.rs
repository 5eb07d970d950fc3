//! How long a body is, by the header fields: the strict rules of RFC 9112 §6.

use super::fault::{Fault, Place, ProtocolError};
use super::headers::Headers;
use super::message::Version;

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// The fields announce no body.
    Unsaid,
    /// A body of that many bytes.
    Length(u64),
    /// A body in chunks.
    Chunked,
}

impl Framing {
    /// Reads the framing of a message, and refuses every ambiguity.
    ///
    /// Repeated lengths are refused even when equal: a well-behaved peer does
    /// not send them, and a smuggled request needs them.
    #[inline]
    pub(super) fn of(version: Version, headers: &Headers) -> Result<Self, ProtocolError> {
        let frames = ["content-length", "transfer-encoding"];
        if !frames.iter().any(|name| headers.may_have(name)) {
            return Ok(Self::Unsaid);
        }
        Self::announced(version, headers)
    }

    fn announced(version: Version, headers: &Headers) -> Result<Self, ProtocolError> {
        let coding = headers.get("transfer-encoding").is_some();
        match length(headers)? {
            Some(_) if coding => Err(at("transfer-encoding", headers, Fault::LengthWithCoding)),
            Some(length) => Ok(Self::Length(length)),
            None if !coding => Ok(Self::Unsaid),
            None if version == Version::Http10 => {
                Err(at("transfer-encoding", headers, Fault::CodingInOldVersion))
            }
            None => chunked(headers),
        }
    }
}

impl Framing {
    /// Gives the length that is announced.
    pub(super) const fn length(self) -> Option<u64> {
        match self {
            Self::Length(length) => Some(length),
            Self::Unsaid | Self::Chunked => None,
        }
    }

    /// Tells whether the body may be longer than that many bytes, as far as is known.
    pub(super) fn may_exceed(self, bytes: usize) -> bool {
        match self {
            Self::Unsaid => false,
            Self::Length(length) => length > bytes as u64,
            Self::Chunked => bytes < usize::MAX,
        }
    }
}

/// What a message says of the connection behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequel {
    /// It closes.
    Closes,
    /// It stays open (RFC 9112 §9.3).
    Stays,
    /// It stays open, for another protocol if the server likes one of those
    /// that are named (RFC 9110 §7.8).
    Upgrades,
}

impl Sequel {
    /// Finds it by the fields; `Upgrade` counts only where `Connection` names
    /// it, and HTTP/1.0 knows none.
    #[inline]
    pub(super) fn of(version: Version, headers: &Headers) -> Self {
        match version {
            Version::Http11 if !headers.may_have("connection") => Self::Stays,
            _ => Self::said(version, headers),
        }
    }

    fn said(version: Version, headers: &Headers) -> Self {
        let (mut closes, mut keeps, mut upgrades) = (false, false, false);
        for option in headers.list("connection") {
            closes |= option.eq_ignore_ascii_case("close");
            keeps |= option.eq_ignore_ascii_case("keep-alive");
            upgrades |= option.eq_ignore_ascii_case("upgrade");
        }
        let old = version == Version::Http10;
        match () {
            () if closes || (old && !keeps) => Self::Closes,
            () if old || !upgrades || headers.get("upgrade").is_none() => Self::Stays,
            () => Self::Upgrades,
        }
    }
}

/// Places a fault at the first field of that name, or at the head when there is none.
pub(super) fn at(name: &str, headers: &Headers, fault: Fault) -> ProtocolError {
    let line = headers
        .iter()
        .position(|(have, _)| have.eq_ignore_ascii_case(name));
    let place = line.map_or(Place::Head, |line| Place::HeaderLine(line + 1));
    ProtocolError::new(place, fault)
}

fn length(headers: &Headers) -> Result<Option<u64>, ProtocolError> {
    let mut lengths = headers.all("content-length");
    let Some(text) = lengths.next() else {
        return Ok(None);
    };
    if lengths.next().is_some() {
        return Err(at("content-length", headers, Fault::LengthRepeated));
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(at("content-length", headers, Fault::LengthMalformed));
    }
    // Digits alone fail to parse only when they are too many: too large for any limit.
    Ok(Some(text.parse().unwrap_or(u64::MAX)))
}

fn chunked(headers: &Headers) -> Result<Framing, ProtocolError> {
    let is_chunked = |coding: &str| coding.eq_ignore_ascii_case("chunked");
    let codings = || headers.list("transfer-encoding");
    let single = codings().filter(|coding| is_chunked(coding)).count() == 1;
    if !single || !codings().last().is_some_and(is_chunked) || codings().any(str::is_empty) {
        return Err(at("transfer-encoding", headers, Fault::CodingMalformed));
    }
    if codings().count() > 1 {
        return Err(at("transfer-encoding", headers, Fault::CodingUnknown));
    }
    Ok(Framing::Chunked)
}
