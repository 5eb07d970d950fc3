//! A server that says where it listens, and how many bytes it got whenever it is asked.

use std::convert::Infallible;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::net::SocketAddr;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::http::cores;
use crate::program::Program;

/// Says where a server listens, and then its count for each line that is
/// read; ends the process when nobody asks any more.
///
/// # Errors
///
/// When nobody reads it.
pub(crate) fn tell(address: SocketAddr, count: &AtomicU64) -> io::Result<Infallible> {
    println!("{address}");
    for line in io::stdin().lines() {
        line?;
        println!("{}", count.load(Ordering::Relaxed));
    }
    std::process::exit(0)
}

/// Is a server as a process of its own.
#[derive(Debug)]
pub struct Counted {
    program: Program,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Counted {
    /// Starts this very program as a server, on the core of servers.
    ///
    /// # Errors
    ///
    /// When it does not start, or says nothing.
    pub fn start(server: &str) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", server]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = Program::start(&mut command, &cores::SERVER)?;
        let (input, output) = program.pipes()?;
        let mut output = BufReader::new(output).lines();
        let address = next(&mut output)?.parse().map_err(io::Error::other)?;
        Ok(Self {
            program,
            input,
            output,
            address,
        })
    }

    /// Gives its process.
    pub fn process(&self) -> u32 {
        self.program.id()
    }

    /// Gives the bytes that it has taken until now.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn bytes(&mut self) -> io::Result<u64> {
        self.input.write_all(b"\n")?;
        next(&mut self.output)?.parse().map_err(io::Error::other)
    }
}

fn next(output: &mut Lines<BufReader<ChildStdout>>) -> io::Result<String> {
    let line = output.next();
    line.unwrap_or_else(|| Err(io::Error::other("the server has ended")))
}
