//! Which signals have come, by a descriptor.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// A signal that a process may be asked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    /// `SIGINT`: the user pressed Ctrl-C.
    Interrupt,
    /// `SIGTERM`: a supervisor wants the process to end.
    Terminate,
    /// `SIGHUP`: the terminal is gone, or the configuration is to be read again.
    Hangup,
    /// `SIGUSR1`: whatever the program says it means.
    User1,
    /// `SIGUSR2`: whatever the program says it means.
    User2,
}

impl Asked {
    const ALL: [Self; 5] = [
        Self::Interrupt,
        Self::Terminate,
        Self::Hangup,
        Self::User1,
        Self::User2,
    ];

    const fn number(self) -> i32 {
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
            Self::Hangup => SIGHUP,
            Self::User1 => SIGUSR1,
            Self::User2 => SIGUSR2,
        }
    }
}

/// Receives some signals of this process from its making to its end.
///
/// Its descriptor ([`AsFd`], [`AsRawFd`]) becomes readable when one arrives;
/// register it for reading, and call [`pending`](Self::pending) then.
///
/// From then on these signals have no default effect in this process, even after
/// the `Signals` are dropped: a second Ctrl-C ends nothing by itself, so count them.
///
/// # Examples
///
/// ```
/// use seda_io::signal::{Asked, Signals};
///
/// let mut signals = Signals::new(&[Asked::Interrupt, Asked::Terminate])?;
/// assert_eq!(signals.pending().count(), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
}

impl Signals {
    /// Begins to receive `signals`; several receivers of one signal each get it.
    ///
    /// # Errors
    ///
    /// Those of `socketpair(2)` and `sigaction(2)`.
    pub fn new(signals: &[Asked]) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let numbers = signals.iter().map(|signal| signal.number());
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, numbers)?;
        Ok(Self { delivery })
    }

    /// Makes the descriptor unreadable and returns the signals that have arrived.
    ///
    /// A signal that arrived several times is returned once.
    pub fn pending(&mut self) -> impl Iterator<Item = Asked> {
        self.delivery.pending().filter_map(|number| {
            let mut all = Asked::ALL.into_iter();
            all.find(|signal| signal.number() == number)
        })
    }

    /// Waits for one of the signals. Others that came with it are told by the next call.
    ///
    /// # Blocking
    ///
    /// Until one comes.
    ///
    /// # Errors
    ///
    /// Those of `poll(2)`.
    pub fn wait(&mut self) -> io::Result<Asked> {
        loop {
            if let Some(asked) = self.pending().next() {
                return Ok(asked);
            }
            let mut descriptors = [PollFd::new(&*self, PollFlags::IN)];
            match poll(&mut descriptors, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Waits until the process is asked to end, by `SIGINT` or `SIGTERM`.
///
/// For a server's main thread, between the start of its graph and the drain.
///
/// # Blocking
///
/// Until one of them comes. A second one ends nothing by itself.
///
/// # Errors
///
/// Those of `socketpair(2)`, `sigaction(2)` and `poll(2)`.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use seda_core::{Graph, Plan};
/// use seda_io::signal;
///
/// let running = Graph::new("server").start(Plan::default())?;
/// signal::wait_for_end()?;
/// running.drain(Duration::from_secs(5))?;
/// # Ok::<(), seda_core::BoxError>(())
/// ```
pub fn wait_for_end() -> io::Result<Asked> {
    Signals::new(&[Asked::Interrupt, Asked::Terminate])?.wait()
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals")
            .field("descriptor", &self.as_raw_fd())
            .finish_non_exhaustive()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
