//! A worker's sleep as an event loop: `epoll`, by mio, as the driver of seda-core.
//!
//! A worker has one poll, and sleeps in nothing else. Sources on it register
//! descriptors and find their readiness at their next poll. Timers need no seat
//! here: a source says when it wants to be polled, and the worker's sleep ends then.
//!
//! # Sources
//!
//! `epoll(7)`: edge-triggered for connections, level-triggered for listeners.

mod bell;
mod mailbox;
mod member;
mod ready;

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use mio::{Events, Poll, Waker};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use seda_core::{Driver, Graph, Wake};

use bell::Bell;
use member::{BELL, Local};

pub(crate) use mailbox::Mailbox;
pub(crate) use member::{Member, Readiness, Watch, nudge};
pub(crate) use ready::Ready;

pub use member::NoReactor;

/// Events that one look at the operating system returns at most; more wait for the
/// next. What so many connections touch, here and in the kernel, is still in the
/// processor's cache when their answers are written.
const EVENTS_MAX: usize = 128;

/// Is what a worker sleeps in: sockets, child processes and other threads end the sleep.
///
/// ```
/// use seda_core::{Graph, Plan};
/// use seda_io::reactor::Reactor;
///
/// let mut graph = Graph::new("idle");
/// Reactor::install(&mut graph);
/// let running = graph.start(Plan::default().workers(1))?;
/// running.stop();
/// # Ok::<(), seda_core::StartError>(())
/// ```
#[derive(Debug)]
pub struct Reactor {
    poll: Poll,
    events: Events,
    bell: Arc<Bell>,
    local: Rc<Local>,
    /// The last turn did not look, since a source had something to do.
    put_off: bool,
    sleep: Sleep,
}

/// Says how exactly a sleep ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sleep {
    /// In whole milliseconds, as `epoll_wait`(2) counts, rounded up.
    Coarse,
    /// As soon as the system's timers allow, for one more call.
    Punctual,
}

impl Reactor {
    /// Has the workers of the graph's cores sleep in reactors, one each.
    ///
    /// The sources of this crate need it.
    pub fn install(graph: &mut Graph) {
        Self::drive(graph, Sleep::Coarse);
    }

    /// Does the same, and ends sleeps as exactly as the system's timers do, for one
    /// more system call each: within some 60 µs under Linux, and less for threads
    /// whose timer slack is small. [`install`](Self::install) rounds up to
    /// milliseconds. It is for sources that keep a schedule.
    ///
    /// # Sources
    ///
    /// `ppoll`(2); `prctl`(2), `PR_SET_TIMERSLACK`.
    pub fn install_punctual(graph: &mut Graph) {
        Self::drive(graph, Sleep::Punctual);
    }

    fn drive(graph: &mut Graph, sleep: Sleep) {
        graph.driver(move |_| Self::new(sleep).map(|reactor| Box::new(reactor) as Box<dyn Driver>));
    }

    /// Makes the reactor of the current thread.
    fn new(sleep: Sleep) -> io::Result<Self> {
        let poll = Poll::new()?;
        let bell = Bell::new(Waker::new(poll.registry(), BELL)?);
        let local = Local::install(poll.registry().try_clone()?, Arc::clone(&bell));
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            bell,
            local,
            put_off: false,
            sleep,
        })
    }

    /// Sleeps until something is ready or the time is over.
    fn doze(&self, timeout: Duration) -> io::Result<()> {
        let Ok(timeout) = Timespec::try_from(timeout) else {
            return Ok(());
        };
        let epoll = self.poll.registry();
        let mut watched = [PollFd::new(epoll, PollFlags::IN)];
        match rustix::event::poll(&mut watched, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Driver for Reactor {
    fn turn(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let looks = timeout == Some(Duration::ZERO);
        let nudged = self.local.take_nudge();
        // What the sources have in hand is finished first, and one look brings
        // what came meanwhile; but however much they have, every other turn looks.
        self.put_off = looks && nudged && !self.put_off;
        if self.put_off {
            return Ok(());
        }
        let stays = nudged || looks || !self.bell.lie_down();
        let mut timeout = if stays { Some(Duration::ZERO) } else { timeout };
        if self.sleep == Sleep::Punctual
            && let Some(wait) = timeout.filter(|wait| !wait.is_zero())
        {
            self.doze(wait)?;
            timeout = Some(Duration::ZERO);
        }
        let polled = self.poll.poll(&mut self.events, timeout);
        self.bell.get_up();
        self.local.count_look();
        match polled {
            // A signal has come; its source has been told by a descriptor.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in self.events.iter().filter(|event| event.token() != BELL) {
            self.local.record(event);
        }
        Ok(())
    }

    fn waker(&self) -> Arc<dyn Wake> {
        Arc::clone(&self.bell) as Arc<dyn Wake>
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        Local::uninstall();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_wake_before_the_turn_is_not_lost() {
        let mut reactor = Reactor::new(Sleep::Coarse).unwrap();
        reactor.waker().wake();
        reactor.waker().wake();
        reactor.turn(None).unwrap();
        reactor.turn(Some(Duration::ZERO)).unwrap();
    }

    #[test]
    fn a_wake_from_another_thread_ends_the_turn() {
        let mut reactor = Reactor::new(Sleep::Coarse).unwrap();
        let waker = reactor.waker();
        std::thread::scope(|scope| {
            scope.spawn(move || waker.wake());
            reactor.turn(None).unwrap();
        });
    }

    #[test]
    fn a_nudge_keeps_one_turn_from_sleeping() {
        let mut reactor = Reactor::new(Sleep::Coarse).unwrap();
        nudge();
        reactor.turn(None).unwrap();
    }

    #[test]
    fn a_punctual_sleep_is_shorter_than_a_millisecond_and_is_ended_by_a_wake() {
        let mut reactor = Reactor::new(Sleep::Punctual).unwrap();
        let wait = Duration::from_micros(200);
        let sleeps = [(); 20].map(|()| {
            let began = Instant::now();
            reactor.turn(Some(wait)).unwrap();
            began.elapsed()
        });
        assert!(sleeps.iter().all(|sleep| *sleep >= wait), "{sleeps:?}");
        let least = sleeps.iter().min().unwrap();
        assert!(*least < Duration::from_millis(1), "{sleeps:?}");

        let waker = reactor.waker();
        std::thread::scope(|scope| {
            scope.spawn(move || waker.wake());
            reactor.turn(Some(Duration::from_hours(1))).unwrap();
        });
    }

    #[test]
    fn a_source_that_always_has_something_to_do_does_not_keep_from_looking() {
        let mut reactor = Reactor::new(Sleep::Coarse).unwrap();
        let member = Member::join().unwrap();
        let (mut sender, receiver) = UnixStream::pair().unwrap();
        receiver.set_nonblocking(true).unwrap();
        let mut receiver = mio::net::UnixStream::from_std(receiver);
        member.register_reading(&mut receiver, 1).unwrap();
        sender.write_all(b"x").unwrap();
        let mut looked = || {
            nudge();
            reactor.turn(Some(Duration::ZERO)).unwrap();
            let mut ready = Vec::new();
            member.take_ready(&mut ready);
            !ready.is_empty()
        };
        assert!(!looked(), "what is in hand comes first");
        assert!(looked(), "but not twice");
    }

    #[test]
    fn a_mailbox_rings_and_gives_back_when_closed() {
        let mut reactor = Reactor::new(Sleep::Coarse).unwrap();
        let mailbox = Mailbox::new(Member::join().unwrap().bell());
        std::thread::scope(|scope| {
            scope.spawn(|| mailbox.post(7));
            reactor.turn(None).unwrap();
        });
        assert_eq!(mailbox.take(), [7]);
        assert!(mailbox.close().is_empty());
        assert_eq!(mailbox.post(8), Err(8));
    }

    #[test]
    fn a_thread_without_a_reactor_has_no_place_for_sources() {
        assert!(Member::join().is_err());
    }
}
