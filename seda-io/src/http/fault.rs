//! What a peer did wrong, where, and the status it is told.

use std::error::Error;
use std::fmt;

use super::status::StatusCode;

/// What is wrong with a message.
///
/// The texts are fixed: no byte of the peer gets into an answer or a log by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A carriage return without a line feed (RFC 9112 §2.2).
    BareCarriageReturn,
    /// A line feed without a carriage return, which other parsers take for a line end.
    BareLineFeed,
    /// A control character other than the tab.
    ControlByte,
    /// A line that begins with a space or a tab (RFC 9112 §5.2).
    FoldedLine,
    /// The peer stopped sending in the middle of a message.
    EndedEarly,
    /// A request line that is not method, target and version with single spaces.
    RequestLineMalformed,
    /// A request line longer than the limit.
    RequestLineTooLong,
    /// A status line that is not version, code and reason.
    StatusLineMalformed,
    /// 101, though the client has not asked for another protocol (RFC 9110 §15.2.2).
    UpgradeUnasked,
    /// A version other than 1.0 and 1.1.
    VersionUnsupported,
    /// A target in none of the forms of RFC 9112 §3.2.
    TargetMalformed,
    /// `CONNECT`: this is not a proxy.
    MethodUnsupported,
    /// A head of more bytes than the limit.
    HeadTooLarge,
    /// More header fields than the limit.
    TooManyHeaders,
    /// A field name that is not a token, or has a space before its colon.
    HeaderNameMalformed,
    /// A field value that is not UTF-8.
    HeaderValueMalformed,
    /// HTTP/1.1 without `Host` (RFC 9112 §3.2).
    HostMissing,
    /// More than one `Host`.
    HostRepeated,
    /// A `Host` with characters that no host and port have.
    HostMalformed,
    /// More than one `Content-Length`, equal or not.
    LengthRepeated,
    /// A `Content-Length` that is not a number.
    LengthMalformed,
    /// `Content-Length` and `Transfer-Encoding` together (RFC 9112 §6.1).
    LengthWithCoding,
    /// `Transfer-Encoding` in HTTP/1.0, which has none.
    CodingInOldVersion,
    /// A transfer coding that is not `chunked`.
    CodingUnknown,
    /// Transfer codings among which `chunked` is not last and single (RFC 9112 §6.3).
    CodingMalformed,
    /// An expectation other than `100-continue`.
    ExpectationUnknown,
    /// A body of more bytes than the limit.
    BodyTooLarge,
    /// A chunk size that is not a hexadecimal number of at most 16 digits.
    ChunkSizeMalformed,
    /// A chunk that is not followed by a line end.
    ChunkUnended,
    /// More bytes of chunk extensions than anyone needs.
    ChunkExtensionsTooLarge,
    /// A trailer section of more bytes or fields than the limit.
    TrailerTooLarge,
    /// The head did not arrive in time.
    HeadTooSlow,
    /// The body made no progress in time.
    BodyTooSlow,
}

impl Fault {
    /// Returns the status that a server answers with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::RequestLineTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge | Self::TooManyHeaders | Self::TrailerTooLarge => {
                StatusCode::HEADER_FIELDS_TOO_LARGE
            }
            Self::VersionUnsupported => StatusCode::VERSION_NOT_SUPPORTED,
            Self::MethodUnsupported | Self::CodingUnknown => StatusCode::NOT_IMPLEMENTED,
            Self::ExpectationUnknown => StatusCode::EXPECTATION_FAILED,
            Self::BodyTooLarge => StatusCode::CONTENT_TOO_LARGE,
            Self::HeadTooSlow | Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::BareCarriageReturn => "a carriage return without a line feed",
            Self::BareLineFeed => "a line feed without a carriage return",
            Self::ControlByte => "a control character",
            Self::FoldedLine => "a line that begins with a space or tab",
            Self::EndedEarly => "the peer stopped sending before the end",
            Self::RequestLineMalformed => "not a method, a target and a version with single spaces",
            Self::RequestLineTooLong => "longer than this server takes",
            Self::StatusLineMalformed => "not a version, a status code and a reason",
            Self::UpgradeUnasked => "another protocol, which was not asked for",
            Self::VersionUnsupported => "a version other than HTTP/1.0 and HTTP/1.1",
            Self::TargetMalformed => "a target that is neither a path nor an http address",
            Self::MethodUnsupported => "CONNECT, and this server is not a proxy",
            Self::HeadTooLarge => "more bytes of header fields than this server takes",
            Self::TooManyHeaders => "more header fields than this server takes",
            Self::HeaderNameMalformed => {
                "a field name that is not a token directly before its colon"
            }
            Self::HeaderValueMalformed => "a field value that is not UTF-8",
            Self::HostMissing => "no Host field",
            Self::HostRepeated => "a second Host field",
            Self::HostMalformed => "not a host and an optional port",
            Self::LengthRepeated => "a second Content-Length",
            Self::LengthMalformed => "a Content-Length that is not a number",
            Self::LengthWithCoding => "Transfer-Encoding together with Content-Length",
            _ => self.text_of_body(),
        }
    }

    const fn text_of_body(self) -> &'static str {
        match self {
            Self::CodingInOldVersion => "Transfer-Encoding in an HTTP/1.0 message",
            Self::CodingUnknown => "a transfer coding other than chunked",
            Self::CodingMalformed => "transfer codings that do not end in a single chunked",
            Self::ExpectationUnknown => "an expectation other than 100-continue",
            Self::BodyTooLarge => "longer than this server takes",
            Self::ChunkSizeMalformed => {
                "a size that is not a hexadecimal number of at most 16 digits"
            }
            Self::ChunkUnended => "data that is not followed by a line end",
            Self::ChunkExtensionsTooLarge => "too many bytes of chunk extensions",
            Self::TrailerTooLarge => "more bytes or fields than this server takes",
            Self::HeadTooSlow => "it did not arrive in time",
            Self::BodyTooSlow => "it made no progress in time",
            _ => "malformed",
        }
    }
}

/// Where in a message a fault is. Lines and chunks count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The line before the header fields.
    StartLine,
    /// A line of the header section, counted without the start line.
    HeaderLine(usize),
    /// The head as a whole.
    Head,
    /// The body as a whole.
    Body,
    /// A chunk of the body.
    Chunk(u64),
    /// A line of the trailer section.
    TrailerLine(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartLine => f.write_str("start line"),
            Self::HeaderLine(line) => write!(f, "header line {line}"),
            Self::Head => f.write_str("head"),
            Self::Body => f.write_str("body"),
            Self::Chunk(chunk) => write!(f, "chunk {chunk}"),
            Self::TrailerLine(line) => write!(f, "trailer line {line}"),
        }
    }
}

/// A message that is refused: what is wrong with it, and where.
///
/// # Examples
///
/// ```
/// use seda_io::http::{Fault, Place, ProtocolError};
///
/// let error = ProtocolError { place: Place::HeaderLine(3), fault: Fault::LengthRepeated };
/// assert_eq!(error.to_string(), "header line 3: a second Content-Length");
/// assert_eq!(error.fault.status().code(), 400);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProtocolError {
    /// Where the fault is.
    pub place: Place,
    /// What is wrong.
    pub fault: Fault,
}

impl ProtocolError {
    pub(super) const fn new(place: Place, fault: Fault) -> Self {
        Self { place, fault }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault.text())
    }
}

impl Error for ProtocolError {}
