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
/// Eight bytes at a time are looked at as one number: most lines of a head are
/// short, and a loop over their bytes costs more than all else that is done to them.
fn next_control(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let mut marks = control_marks(u64::from_le_bytes(*word));
        while marks != 0 {
            let at = (marks.trailing_zeros() / 8) as usize;
            if word.get(at).copied().is_some_and(is_control) {
                return Some(index * 8 + at);
            }
            marks &= marks - 1;
        }
    }
    let before = bytes.len() - rest.len();
    let within = rest.iter().position(|&byte| is_control(byte))?;
    Some(before + within)
}

/// Marks the highest bit of each byte that may be a control character: of all
/// that are, of the tab, and of some behind one of these.
const fn control_marks(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGHEST: u64 = ONES << 7;
    let below_space = word.wrapping_sub(ONES * b' ' as u64) & !word;
    let delete = word ^ (ONES * 0x7f);
    let delete = delete.wrapping_sub(ONES) & !delete;
    (below_space | delete) & HIGHEST
}

const fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_control, next_control};

    proptest! {
        #[test]
        fn the_first_control_character_is_found_wherever_it_is(
            bytes in prop::collection::vec(
                prop_oneof![8 => 0x20_u8..0x7f, 1 => any::<u8>(), 1 => Just(b'\t')], 0..120),
        ) {
            let expected = bytes.iter().position(|&byte| is_control(byte));
            prop_assert_eq!(next_control(&bytes), expected);
        }
    }

    #[test]
    fn each_byte_is_judged_at_each_place() {
        for byte in 0..=u8::MAX {
            for place in 0..70 {
                for length in [place + 1, 80] {
                    let mut bytes = vec![b'x'; length];
                    bytes[place] = byte;
                    let expected = is_control(byte).then_some(place);
                    assert_eq!(next_control(&bytes), expected, "{byte} at {place}");
                }
            }
        }
    }
}
