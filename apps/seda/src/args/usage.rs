//! What is said to a command line that makes no sense.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;

use crate::suggest::closest;

const SEE_HELP: &str = "`seda help` shows what can be written";

/// Why a command line is refused, and what to do next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageError {
    what: String,
    next: String,
}

impl UsageError {
    /// Makes an error of what is wrong and what to do next.
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            next: next.into(),
        }
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.what, self.next)
    }
}

impl Error for UsageError {}

impl From<lexopt::Error> for UsageError {
    fn from(error: lexopt::Error) -> Self {
        let what = match error {
            lexopt::Error::MissingValue {
                option: Some(option),
            } => format!("`{option}` needs a value"),
            lexopt::Error::UnexpectedValue { option, .. } => format!("`{option}` takes no value"),
            other => other.to_string(),
        };
        Self::new(what, SEE_HELP)
    }
}

/// A word that should be one of `known`.
pub fn unknown(kind: &str, word: &str, known: &[&str]) -> UsageError {
    let next = match closest(word, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write {}", any_of(known)),
    };
    UsageError::new(format!("unknown {kind} `{word}`"), next)
}

/// A word is missing that should be one of `known`.
pub fn missing(what: &str, known: &[&str]) -> UsageError {
    UsageError::new(what, format!("write {}", any_of(known)))
}

/// An argument that the command, which knows `options`, does not take.
pub fn unexpected(arg: &lexopt::Arg<'_>, options: &[&str]) -> UsageError {
    match arg {
        lexopt::Arg::Long(name) => unknown("option", &format!("--{name}"), options),
        lexopt::Arg::Short(letter) => unknown("option", &format!("-{letter}"), options),
        lexopt::Arg::Value(word) => {
            let what = format!("`{}` is too much here", word.to_string_lossy());
            UsageError::new(what, SEE_HELP)
        }
    }
}

/// `a, b or c`.
fn any_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Words travel as JSON, which has no place for anything but Unicode.
pub(crate) fn text(word: OsString) -> Result<String, UsageError> {
    word.into_string().map_err(|word| {
        UsageError::new(
            format!("`{}` is not Unicode", word.to_string_lossy()),
            "rename it, or wrap it in a script",
        )
    })
}
