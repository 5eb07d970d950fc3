//! What is wrong with a configuration, and where.

use std::error::Error;
use std::fmt;

/// One mistake.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// `file:line:column`, or only the file where no line is to blame.
    pub place: String,
    /// What is wrong, and what to do next.
    pub what: String,
}

/// All mistakes that were found, in the order of the file; never none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl Error for Problems {}

/// A text with a name, to which byte offsets belong.
#[derive(Clone, Copy, Debug)]
pub struct Source<'t> {
    /// The file, as the user named it.
    pub name: &'t str,
    /// Its content.
    pub text: &'t str,
}

impl Source<'_> {
    /// `file:line:column` of a byte offset; lines and columns count from 1, columns in characters.
    pub fn place(&self, offset: usize) -> String {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.chars().count()
            - self
                .text
                .get(..line_start)
                .unwrap_or_default()
                .chars()
                .count()
            + 1;
        format!("{}:{line}:{column}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn places_count_from_one_in_characters() {
        let source = Source {
            name: "a.toml",
            text: "x = 1\nnäme = 2\n",
        };
        assert_eq!(source.place(0), "a.toml:1:1");
        assert_eq!(source.place(4), "a.toml:1:5");
        assert_eq!(source.place(6), "a.toml:2:1");
        assert_eq!(source.place(14), "a.toml:2:8");
        assert_eq!(source.place(99), "a.toml:3:1");
    }
}
