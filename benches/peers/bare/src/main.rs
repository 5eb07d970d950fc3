//! A bare event loop with the same parser: the ceiling for a server on one thread.
//!
//! `bare PORT cohort` reads all connections that are ready, parses all, answers
//! all, writes all. `bare PORT single` does so for one connection after the other.

mod cohort;

use std::io::{self, ErrorKind};

use mio::event::Event;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use cohort::Server;

/// Events that one wait takes.
const EVENTS_MAX: usize = 1_024;
const LISTENER: Token = Token(usize::MAX);

fn main() -> io::Result<()> {
    let cohort_max = match std::env::args().nth(2).as_deref() {
        Some("cohort") => EVENTS_MAX,
        Some("single") => 1,
        _ => return Err(io::Error::other("say `cohort` or `single` after the port")),
    };
    let listener = plain::listen()?;
    listener.set_nonblocking(true)?;
    let mut listener = TcpListener::from_std(listener);
    let mut poll = Poll::new()?;
    let readable = Interest::READABLE;
    poll.registry()
        .register(&mut listener, LISTENER, readable)?;

    let mut server = Server::new(poll.registry().try_clone()?, cohort_max);
    let mut events = Events::with_capacity(EVENTS_MAX);
    let mut ready = Vec::with_capacity(EVENTS_MAX);
    loop {
        match poll.poll(&mut events, None) {
            // A tracer that lets go of the process interrupts the wait.
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            done => done?,
        }
        ready.clear();
        ready.extend(events.iter().map(Event::token));
        if ready.contains(&LISTENER) {
            ready.retain(|token| *token != LISTENER);
            server.accept(&listener)?;
        }
        server.turn(&ready);
    }
}
