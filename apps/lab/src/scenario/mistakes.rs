//! What is wrong with a scenario file, and where.

use std::error::Error;
use std::fmt;

/// Is one mistake.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// `file:line:column`, counted from 1, columns in characters.
    pub place: String,
    /// What is wrong, and what to do next.
    pub what: String,
}

/// Is all mistakes that were found; never none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistake {
    /// Makes a mistake of a byte of a text.
    pub(super) fn at((name, text): (&str, &str), offset: usize, what: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self {
            place: format!("{name}:{line}:{column}"),
            what,
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

impl Error for Mistakes {}
