//! Decodes chunked bodies piece by piece.
//!
//! # Sources
//!
//! RFC 9112 §7.1. Extensions are skipped, trailer fields checked and kept.

use super::fault::{Fault, Place, ProtocolError};
use super::parse;
use super::scan::{Scan, Section, SectionKind};
use super::trailers::Trailers;

/// Digits of a chunk size: all that a `u64` needs.
const SIZE_DIGITS_MAX: u32 = 16;
/// Bytes, 4 KiB: chunk extensions of a whole body, spaces included.
const EXTENSION_BYTES_MAX: usize = 4 * 1024;
/// Bytes, 4 KiB: the trailer section with its empty line.
const TRAILER_BYTES_MAX: usize = 4 * 1024;

const TRAILER: Section = Section {
    start_line_bytes_max: 0,
    bytes_max: TRAILER_BYTES_MAX,
    kind: SectionKind::Trailer,
};

/// A decoder of one chunked body.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    /// Counts from 1.
    chunk: u64,
    body_bytes_left: u64,
    extension_bytes: usize,
    trailer: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Size {
        size: u64,
        digits: u32,
    },
    /// Behind a space; only an extension or another space may follow.
    Space {
        size: u64,
    },
    Extension {
        size: u64,
    },
    SizeEnd {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataReturn,
    DataFeed,
    Trailer(Scan),
    Finished,
}

impl State {
    const NEXT_CHUNK: Self = Self::Size { size: 0, digits: 0 };
}

/// How far a call of [`Chunked::decode`] got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decoded {
    /// Bytes of the input that belong to the body.
    pub(super) consumed: usize,
    /// The body is whole; what follows is another message.
    pub(super) finished: bool,
}

impl Chunked {
    /// Makes a decoder for a body of at most that many decoded bytes.
    pub(super) const fn new(body_bytes_max: u64) -> Self {
        Self {
            state: State::NEXT_CHUNK,
            chunk: 1,
            body_bytes_left: body_bytes_max,
            extension_bytes: 0,
            trailer: Vec::new(),
        }
    }

    /// Decodes what `input` holds and appends it to `body`.
    pub(super) fn decode(
        &mut self,
        input: &[u8],
        body: &mut Vec<u8>,
    ) -> Result<Decoded, ProtocolError> {
        let mut rest = input;
        while let Some((&byte, behind)) = rest.split_first() {
            rest = match self.state {
                State::Finished => break,
                State::Data { left } => self.copy(left, rest, body),
                State::Trailer(scan) => self.scan_trailer(scan, rest)?,
                _ => {
                    self.state = self.after(byte)?;
                    behind
                }
            };
        }
        Ok(Decoded {
            consumed: input.len() - rest.len(),
            finished: matches!(self.state, State::Finished),
        })
    }

    /// Gives the fields behind a body that is whole.
    pub(super) fn trailers(&self) -> Trailers {
        parse::trailers(&self.trailer)
    }

    fn copy<'a>(&mut self, left: u64, input: &'a [u8], body: &mut Vec<u8>) -> &'a [u8] {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (data, rest) = input.split_at(count);
        body.extend_from_slice(data);
        self.state = match left - data.len() as u64 {
            0 => State::DataReturn,
            left => State::Data { left },
        };
        rest
    }

    /// Takes one byte of the lines around the data.
    fn after(&mut self, byte: u8) -> Result<State, ProtocolError> {
        Ok(match (self.state, byte) {
            (State::Size { size, digits }, _) if byte.is_ascii_hexdigit() => {
                self.digit(size, digits, byte)?
            }
            (State::Size { digits: 0, .. }, _) => return Err(self.fault(Fault::ChunkSizeMalformed)),
            (
                State::Size { size, .. } | State::Space { size } | State::Extension { size },
                b';' | b' ' | b'\t',
            ) => self.extension(size, byte)?,
            (State::Size { size, .. } | State::Extension { size }, b'\r') => {
                State::SizeEnd { size }
            }
            (State::Extension { .. }, b'\n') => return Err(self.fault(Fault::BareLineFeed)),
            (State::Extension { size }, _) if !byte.is_ascii_control() => {
                self.extension(size, byte)?
            }
            (State::Extension { .. }, _) => return Err(self.fault(Fault::ControlByte)),
            (State::SizeEnd { size }, b'\n') => self.begin(size)?,
            (State::SizeEnd { .. }, _) => return Err(self.fault(Fault::BareCarriageReturn)),
            (State::DataReturn, b'\r') => State::DataFeed,
            (State::DataFeed, b'\n') => {
                self.chunk += 1;
                State::NEXT_CHUNK
            }
            (State::DataReturn | State::DataFeed, _) => return Err(self.fault(Fault::ChunkUnended)),
            _ => return Err(self.fault(Fault::ChunkSizeMalformed)),
        })
    }

    fn digit(&self, size: u64, digits: u32, byte: u8) -> Result<State, ProtocolError> {
        if digits == SIZE_DIGITS_MAX {
            return Err(self.fault(Fault::ChunkSizeMalformed));
        }
        let value = char::from(byte).to_digit(16).unwrap_or(0);
        Ok(State::Size {
            size: (size << 4) | u64::from(value),
            digits: digits + 1,
        })
    }

    fn extension(&mut self, size: u64, byte: u8) -> Result<State, ProtocolError> {
        self.extension_bytes += 1;
        if self.extension_bytes > EXTENSION_BYTES_MAX {
            return Err(self.fault(Fault::ChunkExtensionsTooLarge));
        }
        Ok(match (self.state, byte) {
            (State::Extension { .. }, _) | (_, b';') => State::Extension { size },
            _ => State::Space { size },
        })
    }

    fn begin(&mut self, size: u64) -> Result<State, ProtocolError> {
        let Some(left) = self.body_bytes_left.checked_sub(size) else {
            return Err(self.fault(Fault::BodyTooLarge));
        };
        self.body_bytes_left = left;
        Ok(match size {
            0 => State::Trailer(Scan::of_fields()),
            left => State::Data { left },
        })
    }

    fn scan_trailer<'a>(
        &mut self,
        mut scan: Scan,
        input: &'a [u8],
    ) -> Result<&'a [u8], ProtocolError> {
        let before = self.trailer.len();
        let room = TRAILER_BYTES_MAX.saturating_sub(before);
        let (taken, rest) = input.split_at(input.len().min(room));
        self.trailer.extend_from_slice(taken);
        let Some(len) = scan.advance(&self.trailer, &TRAILER)? else {
            self.state = State::Trailer(scan);
            return Ok(rest);
        };
        self.trailer.truncate(len);
        parse::check_trailer(&self.trailer)?;
        self.state = State::Finished;
        Ok(input.get(len - before..).unwrap_or_default())
    }

    const fn fault(&self, fault: Fault) -> ProtocolError {
        ProtocolError::new(Place::Chunk(self.chunk), fault)
    }
}
