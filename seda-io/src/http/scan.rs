//! Finds the end of a head in bytes that arrive piecemeal, and refuses its lines by their structure.
//!
//! Bytes are judged in order of their position, each once, so that a fault is
//! the same wherever the stream is cut.

use super::fault::{Fault, Place, ProtocolError};

/// Which lines are scanned, and how long they may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    /// Bytes of the first line with its end, where there is a start line.
    pub(super) start_line_bytes_max: usize,
    /// Bytes of the whole section with its line ends.
    pub(super) bytes_max: usize,
    /// The section a fault is placed in.
    pub(super) kind: SectionKind,
}

/// The two sections that are lines ended by an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SectionKind {
    /// A start line and header fields.
    Head,
    /// Trailer fields.
    Trailer,
}

/// How far a section has been scanned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan {
    at: usize,
    line_start: usize,
    /// Zero for the start line; fields count from one.
    line: usize,
}

impl Scan {
    /// Begins before a start line.
    pub(super) const fn of_head() -> Self {
        Self::at_line(0)
    }

    /// Begins before the first field, where there is no start line.
    pub(super) const fn of_fields() -> Self {
        Self::at_line(1)
    }

    const fn at_line(line: usize) -> Self {
        Self {
            at: 0,
            line_start: 0,
            line,
        }
    }

    /// Goes on over `bytes`, which begin where the section begins.
    ///
    /// Returns the length of the section once its end is there.
    pub(super) fn advance(
        &mut self,
        bytes: &[u8],
        section: &Section,
    ) -> Result<Option<usize>, ProtocolError> {
        loop {
            if self.at == self.line_start && self.line > 0 {
                self.refuse_fold(bytes, section)?;
            }
            let bound = if self.line == 0 {
                section.start_line_bytes_max.min(section.bytes_max)
            } else {
                section.bytes_max
            };
            let window = bytes
                .get(self.at..bytes.len().min(bound))
                .unwrap_or_default();
            let Some(offset) = next_control(window) else {
                self.at = bytes.len().min(bound);
                return if self.at < bound {
                    Ok(None)
                } else {
                    Err(self.too_long(section))
                };
            };
            self.at += offset;
            if !self.ends_line(bytes, bound, section)? {
                return Ok(None);
            }
            let empty = self.at == self.line_start;
            self.at += 2;
            self.line_start = self.at;
            match (empty, self.line) {
                (true, 0) => return Err(self.fault(Fault::RequestLineMalformed, section)),
                (true, _) => return Ok(Some(self.at)),
                (false, _) => self.line += 1,
            }
        }
    }

    /// Judges the control character at hand: `true` when it begins a line end,
    /// `false` when the byte behind it must be awaited.
    fn ends_line(
        &self,
        bytes: &[u8],
        bound: usize,
        section: &Section,
    ) -> Result<bool, ProtocolError> {
        match (bytes.get(self.at), bytes.get(self.at + 1)) {
            (Some(b'\r'), _) if self.at + 2 > bound => Err(self.too_long(section)),
            (Some(b'\r'), None) => Ok(false),
            (Some(b'\r'), Some(b'\n')) => Ok(true),
            (Some(b'\r'), _) => Err(self.fault(Fault::BareCarriageReturn, section)),
            (Some(b'\n'), _) => Err(self.fault(Fault::BareLineFeed, section)),
            _ => Err(self.fault(Fault::ControlByte, section)),
        }
    }

    fn refuse_fold(&self, bytes: &[u8], section: &Section) -> Result<(), ProtocolError> {
        match bytes.get(self.at) {
            Some(b' ' | b'\t') if self.at < section.bytes_max => {
                Err(self.fault(Fault::FoldedLine, section))
            }
            _ => Ok(()),
        }
    }

    fn too_long(&self, section: &Section) -> ProtocolError {
        let fault = match (section.kind, self.line) {
            (SectionKind::Trailer, _) => Fault::TrailerTooLarge,
            (SectionKind::Head, 0) => Fault::RequestLineTooLong,
            (SectionKind::Head, _) => Fault::HeadTooLarge,
        };
        self.fault(fault, section)
    }

    fn fault(&self, fault: Fault, section: &Section) -> ProtocolError {
        let place = match (section.kind, self.line) {
            (SectionKind::Trailer, line) => Place::TrailerLine(line),
            (SectionKind::Head, 0) => Place::StartLine,
            (SectionKind::Head, line) => Place::HeaderLine(line),
        };
        ProtocolError::new(place, fault)
    }
}

/// Finds the first control character other than the tab.
///
/// Blocks of 32 are tested without a branch per byte, which compilers turn into
/// vector instructions.
fn next_control(bytes: &[u8]) -> Option<usize> {
    let mut before = 0;
    for block in bytes.chunks(32) {
        if block
            .iter()
            .fold(false, |found, &byte| found | is_control(byte))
        {
            let within = block.iter().position(|&byte| is_control(byte))?;
            return Some(before + within);
        }
        before += block.len();
    }
    None
}

const fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}
