//! Describes a child process and starts it.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::child::Child;

/// A program to start, with its arguments, environment, directory and files.
///
/// Nothing of this process is left open for the child: input is `/dev/null`
/// and output is thrown away unless files are given.
///
/// The standard library starts it by `posix_spawn`, which does not copy this
/// process. It forks instead when a program without a slash in its name meets a
/// cleared environment or a `PATH` set here: give such programs by their path.
///
/// # Examples
///
/// ```
/// use seda_io::process::Spawn;
///
/// let child = Spawn::new("true").args(["ignored"]).start()?;
/// assert!(child.id() > 1);
/// # Ok::<(), seda_io::process::SpawnError>(())
/// ```
#[derive(Debug)]
pub struct Spawn {
    command: Command,
    /// Kept for messages: a missing directory and a missing program fail alike.
    directory: Option<PathBuf>,
}

impl Spawn {
    /// Describes a program; a name without a slash is looked for in `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        command.stdout(Stdio::null());
        command.stderr(Stdio::null());
        command.process_group(0);
        let directory = None;
        Self { command, directory }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable of the environment, which is this process's own otherwise.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Forgets the environment of this process and the variables set so far.
    #[must_use]
    pub fn clear_env(mut self) -> Self {
        self.command.env_clear();
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        let directory = directory.as_ref();
        self.command.current_dir(directory);
        self.directory = Some(directory.to_owned());
        self
    }

    /// Sets the file that is read as standard input.
    #[must_use]
    pub fn stdin(mut self, file: File) -> Self {
        self.command.stdin(file);
        self
    }

    /// Sets the file that takes standard output.
    #[must_use]
    pub fn stdout(mut self, file: File) -> Self {
        self.command.stdout(file);
        self
    }

    /// Sets the file that takes standard error.
    #[must_use]
    pub fn stderr(mut self, file: File) -> Self {
        self.command.stderr(file);
        self
    }

    /// Starts the process.
    ///
    /// # Blocking
    ///
    /// Until the program has been loaded or found missing: some 0.1 ms to 1 ms,
    /// more when its file must be read from a slow disk.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] when the program cannot be started or watched; nothing
    /// is left running then.
    pub fn start(mut self) -> Result<Child, SpawnError> {
        let started = self.command.spawn().and_then(Child::watch);
        started.map_err(|reason| SpawnError {
            program: self.command.get_program().to_owned(),
            directory: self.directory,
            reason,
        })
    }
}

/// Says why a program was not started.
#[derive(Debug)]
pub struct SpawnError {
    /// The program, as given.
    pub program: OsString,
    /// The working directory, when one was given.
    pub directory: Option<PathBuf>,
    /// What the operating system said.
    pub reason: io::Error,
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start `{}`", self.program.display())?;
        if let Some(directory) = &self.directory {
            write!(f, " in `{}`", directory.display())?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl Error for SpawnError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.reason)
    }
}
