//! What the exit code tells a script.

use std::process::ExitCode;

/// How a command ended; the discriminant is the exit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Exit {
    /// Done as asked.
    Success = 0,
    /// Carried out, and the answer is no: a check failed, a job was refused.
    Failed = 1,
    /// The command line or the configuration cannot be understood.
    Usage = 2,
    /// The server cannot be reached.
    Unreachable = 3,
    /// What was asked for does not exist.
    NotFound = 4,
}

impl Exit {
    /// Gives this one, or the other one if this is success.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self == Self::Success { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
