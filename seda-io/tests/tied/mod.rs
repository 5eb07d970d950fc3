//! Children that end with the process of their test, however that ends.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses a part of it, and stops at the first thing that is not as it must be"
)]

use std::fs::File;
use std::io::{PipeReader, PipeWriter, pipe};
use std::os::fd::OwnedFd;

use seda_io::process::Spawn;

/// Begins a script in which `cat <&3 &` does nothing for as long as its test lives:
/// what runs in the background has no standard input of its own.
pub(crate) const TIED: &str = "exec 3<&0;";

/// Is a pipe of which only the test has the other end: who reads from it waits
/// until the test has ended, even by `SIGKILL`.
pub(crate) struct Tie {
    children: PipeReader,
    _test: PipeWriter,
}

impl Tie {
    pub(crate) fn new() -> Self {
        let (children, test) = pipe().unwrap();
        Self {
            children,
            _test: test,
        }
    }

    /// Has a program read from the pipe.
    pub(crate) fn to(&self, spawn: Spawn) -> Spawn {
        let end = OwnedFd::from(self.children.try_clone().unwrap());
        spawn.stdin(File::from(end))
    }

    /// Gives a program that does nothing until it is ended.
    pub(crate) fn idler(&self) -> Spawn {
        self.to(Spawn::new("/bin/cat"))
    }
}
