//! Starts a server on its cores, sees that it answers, and ends it.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::http::answer::{Answer, HELLO};
use crate::http::cores;
use crate::http::servers::Server;
use crate::http::shop::Shop;

/// How long a server may take to begin or to end, and to answer once.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to look whether it has.
const GLANCE: Duration = Duration::from_millis(5);

/// What a client of few words sends.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Is a server that runs; it ends when this is dropped.
#[derive(Debug)]
pub struct Started {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it writes.
    _directory: TempDir,
}

impl Started {
    /// Starts a server, and asks it once.
    ///
    /// # Errors
    ///
    /// When it does not start, or does not give the one right answer.
    pub fn new(server: &Server, shop: &Shop) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let address = free_address()?;
        let mut command =
            server.command(shop.program(server)?, directory.path(), address.port())?;
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = cores::on(server.cores, || command.spawn())?;
        let started = Self {
            child,
            address,
            _directory: directory,
        };
        let mut stream = started.await_listener()?;
        let answer = ask(&mut stream)?;
        if answer.ends_with(HELLO.as_bytes()) {
            Ok(started)
        } else {
            let answer = String::from_utf8_lossy(&answer).into_owned();
            Err(io::Error::other(format!("unexpected answer {answer:?}")))
        }
    }

    /// Gives its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    fn await_listener(&self) -> io::Result<TcpStream> {
        let began = Instant::now();
        loop {
            match TcpStream::connect(self.address) {
                Err(_) if began.elapsed() < PATIENCE => thread::sleep(GLANCE),
                connected => return connected,
            }
        }
    }
}

impl Drop for Started {
    /// Asks it to end first, since a server that is killed leaves its children.
    fn drop(&mut self) {
        let began = Instant::now();
        let pid = Pid::from_child(&self.child);
        let _ = kill_process(pid, Signal::TERM);
        while began.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(GLANCE);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends one request, and gives the answer if its status is 200.
fn ask(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(REQUEST)?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        match Answer::find(&bytes).map_err(io::Error::other)? {
            Some(answer) if answer.ok => return Ok(bytes),
            None if count > 0 => {}
            _ => {
                let answer = String::from_utf8_lossy(&bytes).into_owned();
                return Err(io::Error::other(format!("unexpected answer {answer:?}")));
            }
        }
    }
}

/// Finds a port that nobody listens on.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
