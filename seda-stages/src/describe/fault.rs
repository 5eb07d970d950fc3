//! What is wrong with a job description, and where.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The place in the document: `$.environment.PATH`.
    pub path: String,
    /// The text at that place, cut after a few characters.
    pub token: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            path,
            message,
            ..
        } = self;
        write!(f, "line {line}, column {column}, {path}: {message}")
    }
}

/// All that is wrong with a description; never empty when it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// The faults in the order of the text, at most [`Faults::KEPT_MAX`].
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub omitted: usize,
}

impl Faults {
    /// Faults of one description that are kept; more are counted only.
    pub const KEPT_MAX: usize = 100;

    /// Tells whether enough faults are kept and further ones only count.
    pub fn is_full(&self) -> bool {
        self.faults.len() >= Self::KEPT_MAX
    }

    /// Tells whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Faults {
    /// One line for each fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        if self.omitted > 0 {
            write!(f, "\nand {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Characters of the offending text that a fault shows.
const TOKEN_CHARS_MAX: usize = 40;

/// A stretch of a text, in bytes: `start` included, `end` not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    /// Returns the line of `text`, from 1, on which this stretch starts.
    pub(super) fn line(self, text: &str) -> usize {
        let before = text.bytes().take(self.start);
        before.filter(|byte| *byte == b'\n').count() + 1
    }

    /// Makes the fault that is to be told about this stretch of `text`.
    pub(super) fn fault(self, text: &str, path: String, message: String) -> Fault {
        let before = text.get(..self.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let on_line = before.get(line_start..).unwrap_or_default();
        let token = text.get(self.start..self.end).unwrap_or_default();
        Fault {
            line: self.line(text),
            column: on_line.chars().count() + 1,
            path,
            token: token.chars().take(TOKEN_CHARS_MAX).collect(),
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let text = "é1\nß\r\nxyz";
        let at = |start, end| Span { start, end }.fault(text, "$".into(), "m".into());
        assert_eq!((at(0, 2).line, at(0, 2).column), (1, 1));
        assert_eq!((at(2, 3).line, at(2, 3).column), (1, 2));
        assert_eq!((at(4, 6).line, at(4, 6).column), (2, 1));
        let last = at(9, 11);
        assert_eq!((last.line, last.column, last.token.as_str()), (3, 2, "yz"));
        assert_eq!(last.to_string(), "line 3, column 2, $: m");
    }

    #[test]
    fn faults_show_a_line_each() {
        let fault = Span { start: 0, end: 1 }.fault("x", "$".into(), "m".into());
        let faults = Faults {
            faults: vec![fault.clone(), fault],
            omitted: 5,
        };
        assert_eq!(
            faults.to_string(),
            "line 1, column 1, $: m\nline 1, column 1, $: m\nand 5 more"
        );
    }
}
