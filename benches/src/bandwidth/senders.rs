//! Clients that send bursts, all on one thread.
//!
//! The bytes come from a file in memory, which the kernel takes without a copy,
//! some packets at a time: the clients must cost less than the server, or it
//! would wait for them.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::fs::{MemfdFlags, memfd_create, sendfile};
use rustix::net::sockopt;

use crate::bandwidth::burst::{ANSWER, BURST_BYTES, PACKET_BYTES};

/// Packets of one client that leave at once, before others have their turn.
const PACKETS_AT_ONCE: usize = 8;
/// Bytes, 64 KiB, that wait in a client's socket: 10,000 of them stay within
/// what the kernel gives to all sockets together.
const SOCKET_BYTES: usize = 64 * 1024;
/// Events that one wait takes.
const EVENTS_MAX: usize = 1_024;
/// How long to wait for events before the clock is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// Turns of clients between two looks at the sockets.
const TURNS: usize = 256;

/// Is clients that are connected.
#[derive(Debug)]
pub struct Clients {
    poll: Poll,
    packets: OwnedFd,
    all: Vec<Client>,
    /// Those that may send, in the order of their turns.
    ready: VecDeque<usize>,
}

#[derive(Debug)]
struct Client {
    stream: TcpStream,
    /// Bytes of the burst that are not sent yet.
    unsent: usize,
    /// Bytes of the answer that have not come yet.
    owed: usize,
    /// Whether it is among those that may send.
    listed: bool,
}

/// Says what became of a client's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Again,
    Rests,
}

impl Clients {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When descriptors, ports or memory lack, or the server refuses.
    pub fn connect(address: SocketAddr, count: usize) -> io::Result<Self> {
        let packets = memfd_create("packets", MemfdFlags::CLOEXEC)?;
        std::fs::File::from(packets.try_clone()?)
            .write_all(&vec![b'p'; PACKETS_AT_ONCE * PACKET_BYTES])?;
        let mut clients = Self {
            poll: Poll::new()?,
            packets,
            all: Vec::with_capacity(count),
            ready: VecDeque::with_capacity(count),
        };
        for index in 0..count {
            // It waits while there is no room at the server's door.
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nonblocking(true)?;
            sockopt::set_socket_send_buffer_size(&stream, SOCKET_BYTES)?;
            let mut stream = TcpStream::from_std(stream);
            let both = Interest::READABLE | Interest::WRITABLE;
            let registry = clients.poll.registry();
            registry.register(&mut stream, Token(index), both)?;
            clients.all.push(Client::new(stream));
        }
        Ok(clients)
    }

    /// Sends for a while.
    ///
    /// # Errors
    ///
    /// When a connection ends.
    pub fn run(&mut self, time: Duration) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let began = Instant::now();
        while began.elapsed() < time {
            let idle = self.ready.is_empty();
            let wait = if idle { GLANCE } else { Duration::ZERO };
            self.poll.poll(&mut events, Some(wait))?;
            for event in &events {
                self.list(event.token().0);
            }
            self.take_turns()?;
        }
        Ok(())
    }

    fn list(&mut self, index: usize) {
        if let Some(client) = self.all.get_mut(index)
            && !std::mem::replace(&mut client.listed, true)
        {
            self.ready.push_back(index);
        }
    }

    fn take_turns(&mut self) -> io::Result<()> {
        for _ in 0..TURNS {
            let Some(index) = self.ready.pop_front() else {
                return Ok(());
            };
            let Some(client) = self.all.get_mut(index) else {
                continue;
            };
            match client.turn(&self.packets)? {
                Turn::Again => self.ready.push_back(index),
                Turn::Rests => client.listed = false,
            }
        }
        Ok(())
    }
}

impl Client {
    const fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            unsent: BURST_BYTES,
            owed: ANSWER.len(),
            listed: false,
        }
    }

    fn turn(&mut self, packets: &OwnedFd) -> io::Result<Turn> {
        let moved = if self.unsent > 0 {
            self.send(packets)
        } else {
            self.receive()
        };
        match moved {
            Ok(()) => Ok(Turn::Again),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Turn::Rests),
            Err(error) => Err(error),
        }
    }

    fn send(&mut self, packets: &OwnedFd) -> io::Result<()> {
        let most = self.unsent.min(PACKETS_AT_ONCE * PACKET_BYTES);
        self.unsent -= sendfile(&self.stream, packets, Some(&mut 0), most)?;
        Ok(())
    }

    /// Takes the answer, and then begins the next burst.
    fn receive(&mut self) -> io::Result<()> {
        let mut answer = ANSWER;
        let (space, _) = answer.split_at_mut(self.owed);
        match self.stream.read(space)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => self.owed -= count,
        }
        if self.owed == 0 {
            self.unsent = BURST_BYTES;
            self.owed = ANSWER.len();
        }
        Ok(())
    }
}
