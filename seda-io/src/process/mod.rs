//! Child processes: started without a copy of this one, watched by a descriptor, ended as a group.
//!
//! A child leads a process group of its own, so that what it starts can be
//! signalled with it. Its end makes a *pidfd* readable, which a reactor watches
//! as it watches sockets: there is no thread per child and no `SIGCHLD`.
//!
//! [`Processes`] watches children for a graph and tells a stage when one has ended.
//!
//! # Sources
//!
//! `pidfd_open(2)`, `waitid(2)`, `kill(2)`, `posix_spawn(3)`.

mod child;
mod exit;
mod reaper;
mod spawn;
mod watch;

pub use child::{Child, StopSignal};
pub use exit::Exit;
pub use spawn::{Spawn, SpawnError};
pub use watch::{Exited, Processes, Unwatched, Watched};
