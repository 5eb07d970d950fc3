//! A descriptor that is kept for the moment when there are none left.

use std::io;
use std::os::unix::net::UnixDatagram;

/// Is a spare descriptor, by which a connection can still be taken up and closed.
///
/// Without it, who connects while descriptors lack waits in the backlog for an
/// answer that does not come, and holds back everybody behind.
#[derive(Debug, Default)]
pub(super) struct Reserve(Option<Spare>);

/// An unbound socket counts as a descriptor of the process and as an open file of
/// the system, of which either may lack, and needs no path, which a process in a
/// `chroot` may not have.
type Spare = UnixDatagram;

impl Reserve {
    /// Sets one descriptor aside; without one, the reserve is merely not there yet.
    pub(super) fn open() -> Self {
        Self(UnixDatagram::unbound().ok())
    }

    /// Does `what` with one descriptor more, and sets one aside again when that is
    /// over. None if there was none to spend.
    ///
    /// Another thread may be faster and take what was set free: then `what` fails
    /// as before, and the reserve [is gone](Self::is_there).
    pub(super) fn spend<T>(&mut self, what: impl FnOnce() -> T) -> Option<T> {
        drop(self.0.take()?);
        let done = what();
        self.0 = UnixDatagram::unbound().ok();
        Some(done)
    }

    /// Tells whether there is one to spend.
    pub(super) const fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Sets one aside again if there are two: with only one, the next connection
    /// would find none again.
    pub(super) fn restore(&mut self) -> io::Result<()> {
        if self.0.is_none() {
            let spare = UnixDatagram::unbound()?;
            UnixDatagram::unbound()?;
            self.0 = Some(spare);
        }
        Ok(())
    }
}
