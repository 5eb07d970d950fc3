//! How a job's process came to its end.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde::Serialize;

/// The end of a process as the kernel tells it: wait(2).
///
/// # Examples
///
/// ```
/// use seda_stages::job::exit::Exit;
///
/// assert_eq!(Exit::Signal(9).to_string(), "signal 9 (SIGKILL)");
/// assert_eq!(serde_json::to_string(&Exit::Code(3)).unwrap(), r#"{"code":3}"#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It ended by itself with this code.
    Code(u8),
    /// A signal with this number ended it.
    Signal(u8),
}

impl Exit {
    /// Reads a wait status; `None` for a process that was only stopped or
    /// continued, and so has not ended.
    pub fn from_status(status: ExitStatus) -> Option<Self> {
        let code = status.code().map(|code| u8::try_from(code).map(Self::Code));
        let signal = || {
            status
                .signal()
                .map(|signal| u8::try_from(signal).map(Self::Signal))
        };
        code.or_else(signal)?.ok()
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => match signal_name(signal) {
                Some(name) => write!(f, "signal {signal} ({name})"),
                None => write!(f, "signal {signal}"),
            },
        }
    }
}

/// Returns the name of a signal that ends processes by default.
///
/// # Sources
///
/// signal(7), the numbers shared by x86 and ARM.
fn signal_name(signal: u8) -> Option<&'static str> {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return None,
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_statuses_are_read() {
        let read = |raw| Exit::from_status(ExitStatus::from_raw(raw));
        assert_eq!(read(0), Some(Exit::Code(0)));
        assert_eq!(read(2304), Some(Exit::Code(9)));
        assert_eq!(read(9), Some(Exit::Signal(9)));
        assert_eq!(read(0x8b), Some(Exit::Signal(11)), "core dumped");
        assert_eq!(read(0x137f), None, "stopped, not ended");
    }

    #[test]
    fn an_unnamed_signal_shows_its_number() {
        assert_eq!(Exit::Signal(40).to_string(), "signal 40");
    }
}
