//! Starts a server on its cores, sees that it answers, and ends it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rustls::StreamOwned;

use crate::http::answer::Answer;
use crate::http::servers::Server;
use crate::http::service::{Service, Site};
use crate::http::shop::Shop;
use crate::http::wire::{self, Door};
use crate::program::Program;

/// How long a server may take to begin, and to answer once.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to look whether it has.
const GLANCE: Duration = Duration::from_millis(5);

/// What a client of few words sends.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Is a server that runs; it ends when this is dropped.
#[derive(Debug)]
pub struct Started {
    program: Program,
    /// Where its clients connect to.
    pub door: Door,
    _site: Site,
}

impl Started {
    /// Starts a server, and asks it once.
    ///
    /// # Errors
    ///
    /// When it does not start, or does not give the one right answer.
    pub fn new(server: &Server, service: Service, shop: &Shop) -> io::Result<Self> {
        let site = Site::new(service)?;
        let mut command = server.command(shop.program(server)?, &site)?;
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let program = Program::start(&mut command, server.cores)?;
        let started = Self {
            program,
            door: site.door()?,
            _site: site,
        };
        let stream = started.await_listener()?;
        let answer = match &started.door.tls {
            None => ask(stream, service)?,
            Some(config) => ask(StreamOwned::new(wire::session(config)?, stream), service)?,
        };
        if answer.ends_with(service.word().as_bytes()) {
            Ok(started)
        } else {
            let answer = String::from_utf8_lossy(&answer).into_owned();
            Err(io::Error::other(format!("unexpected answer {answer:?}")))
        }
    }

    /// Gives its process.
    pub fn process(&self) -> u32 {
        self.program.id()
    }

    fn await_listener(&self) -> io::Result<TcpStream> {
        let began = Instant::now();
        loop {
            match TcpStream::connect(self.door.address) {
                Err(_) if began.elapsed() < PATIENCE => thread::sleep(GLANCE),
                connected => {
                    let stream = connected?;
                    stream.set_read_timeout(Some(PATIENCE))?;
                    return Ok(stream);
                }
            }
        }
    }
}

/// Sends one request, and gives the answer if its status is the right one.
fn ask(mut stream: impl Read + Write, service: Service) -> io::Result<Vec<u8>> {
    stream.write_all(REQUEST)?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        match Answer::read(&bytes).map_err(io::Error::other)? {
            Some(answer) if answer.status == service.status() && answer.bytes() == bytes.len() => {
                return Ok(bytes);
            }
            _ if count > 0 => {}
            _ => {
                let answer = String::from_utf8_lossy(&bytes).into_owned();
                return Err(io::Error::other(format!("unexpected answer {answer:?}")));
            }
        }
    }
}
