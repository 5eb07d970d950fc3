//! A running child process and its group.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process;

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid,
};

use super::exit::Exit;

/// How a process group is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopSignal {
    /// `SIGTERM`: a program may clean up, and may ignore it.
    Terminate,
    /// `SIGKILL`: ends every program at once.
    Kill,
}

/// A child process that leads a group of its own.
///
/// Its descriptor ([`AsFd`], [`AsRawFd`]) becomes readable when the process
/// ends; register it for reading, and call [`try_reap`](Self::try_reap) then.
///
/// Until it is reaped the kernel keeps its number from being given to another
/// process; afterwards this type signals no more, so a signal never reaches a
/// stranger.
///
/// Dropping a child that has not been reaped kills its group.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    pidfd: OwnedFd,
    exit: Option<Exit>,
}

impl Child {
    /// Takes over a process that was started as the leader of its group.
    pub(super) fn watch(mut child: process::Child) -> io::Result<Self> {
        let raw = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = raw.ok_or(io::ErrorKind::InvalidData)?;
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Self {
                pid,
                pidfd,
                exit: None,
            }),
            Err(error) => {
                // A process that cannot be watched must not stay behind.
                let killed = kill_process_group(pid, Signal::KILL);
                killed
                    .map_err(io::Error::from)
                    .and_then(|()| child.wait())?;
                Err(error.into())
            }
        }
    }

    /// Returns the number of the process, which is that of its group too.
    pub const fn id(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// Reaps the process if it has ended, and says how it did; `None` while it runs.
    ///
    /// What is left of its group goes on running; see
    /// [`try_reap_group`](Self::try_reap_group). Later calls say the same again.
    ///
    /// # Errors
    ///
    /// Those of `waitid(2)`: a process that something else has reaped, or one
    /// that cannot be reaped because this process ignores `SIGCHLD`.
    pub fn try_reap(&mut self) -> io::Result<Option<Exit>> {
        if self.exit.is_none() {
            self.exit = self.poll_exit(WaitIdOptions::empty())?;
        }
        Ok(self.exit)
    }

    /// As [`try_reap`](Self::try_reap), and kills what the process leaves behind in its group.
    ///
    /// # Errors
    ///
    /// Those of `waitid(2)` and `kill(2)`.
    pub fn try_reap_group(&mut self) -> io::Result<Option<Exit>> {
        // The dead leader holds the group's number while the signal is sent.
        if self.exit.is_none() && self.poll_exit(WaitIdOptions::NOWAIT)?.is_some() {
            self.signal_group(StopSignal::Kill)?;
        }
        self.try_reap()
    }

    /// Signals the process and all of its group; `false` when it has been reaped already.
    ///
    /// # Errors
    ///
    /// Those of `kill(2)`: `EPERM` when no process of the group may be
    /// signalled, such as one that runs as another user.
    pub fn signal_group(&self, signal: StopSignal) -> io::Result<bool> {
        if self.exit.is_some() {
            return Ok(false);
        }
        let signal = match signal {
            StopSignal::Terminate => Signal::TERM,
            StopSignal::Kill => Signal::KILL,
        };
        kill_process_group(self.pid, signal)?;
        Ok(true)
    }

    fn poll_exit(&self, options: WaitIdOptions) -> io::Result<Option<Exit>> {
        let options = options | WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let Some(status) = waitid(WaitId::PidFd(self.pidfd.as_fd()), options)? else {
            return Ok(None);
        };
        let signal = status.terminating_signal().map(Exit::Signal);
        Ok(status.exit_status().map(Exit::Code).or(signal))
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl AsRawFd for Child {
    fn as_raw_fd(&self) -> RawFd {
        self.pidfd.as_raw_fd()
    }
}

impl Drop for Child {
    /// Kills the group, and reaps the process if it is gone by then; if not, it
    /// is reaped when this process ends.
    fn drop(&mut self) {
        if self.signal_group(StopSignal::Kill).is_ok_and(|sent| sent) {
            drop(self.try_reap());
        }
    }
}
