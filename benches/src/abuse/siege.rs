//! The server as a process, and everybody at its doors.

use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::abuse::crowd::{Cast, Crowd, Doings};
use crate::http::cores;
use crate::http::wire::Door;
use crate::program::Program;

/// How long the server may take to end: its own patience, and some.
const PATIENCE: Duration = Duration::from_secs(30);

/// Is the server that is abused, in a process of its own.
#[derive(Debug)]
pub struct Fortress {
    program: Program,
    output: BufReader<ChildStdout>,
    /// Where it is plain.
    pub plain: Door,
    /// Where it speaks TLS.
    pub secured: Door,
}

impl Fortress {
    /// Starts this very program as the server.
    ///
    /// # Errors
    ///
    /// When it does not start, or does not say where it listens.
    pub fn start(program: &std::path::Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg("serve");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = Program::start(&mut command, &cores::SERVER)?;
        let (_, output) = program.pipes()?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let mut addresses = line.split_whitespace().map(str::parse::<SocketAddr>);
        let mut next = || match addresses.next() {
            Some(Ok(address)) => Ok(address),
            _ => Err(io::Error::other(format!("the server says {line:?}"))),
        };
        Ok(Self {
            plain: Door::plain(next()?),
            secured: Door::secured(next()?)?,
            program,
            output,
        })
    }

    /// Gives its process.
    pub fn process(&self) -> u32 {
        self.program.id()
    }

    /// Has it drain; gives whether everything was accounted for, and what it said.
    ///
    /// # Errors
    ///
    /// When it did not end in time.
    pub fn end(mut self) -> io::Result<(bool, String)> {
        let status = self.program.end(PATIENCE)?;
        let mut said = String::new();
        self.output.read_to_string(&mut said)?;
        Ok((status.success(), said))
    }
}

/// Is a crowd on a thread of its own, which goes when this is dropped.
#[derive(Debug)]
pub struct Mob {
    /// What it does.
    pub doings: Arc<Doings>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Mob {
    /// Has it come.
    ///
    /// # Errors
    ///
    /// When there is no poll.
    pub fn gather(cast: Cast) -> io::Result<Self> {
        let doings = Arc::new(Doings::default());
        let crowd = Crowd::new(cast, Arc::clone(&doings))?;
        let thread = Some(thread::spawn(move || crowd.run()));
        Ok(Self { doings, thread })
    }

    /// Has it go.
    ///
    /// # Errors
    ///
    /// When it could not do what it wanted to.
    pub fn disperse(&mut self) -> io::Result<()> {
        self.doings.over.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(_)) => Err(io::Error::other("the crowd has panicked")),
            Some(Ok(done)) => done,
            None => Ok(()),
        }
    }
}

impl Drop for Mob {
    fn drop(&mut self) {
        let _ = self.disperse();
    }
}
