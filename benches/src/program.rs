//! A program on some cores, which ends with whoever has started it.

use std::io;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::http::cores;

/// How often to look whether it has ended.
const GLANCE: Duration = Duration::from_millis(5);
/// How long one that nobody waits for may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Is a program that runs; it is asked to end when this is dropped.
#[derive(Debug)]
pub struct Program(Child);

impl Program {
    /// Starts it on some cores.
    ///
    /// # Errors
    ///
    /// When there is no such program, or no such core.
    pub fn start(command: &mut Command, cores: &[usize]) -> io::Result<Self> {
        cores::on(cores, || command.spawn()).map(Self)
    }

    /// Gives its process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Gives what it reads from and writes to, once, where these were to be pipes.
    ///
    /// # Errors
    ///
    /// When they are none.
    pub fn pipes(&mut self) -> io::Result<(ChildStdin, ChildStdout)> {
        let pipes = self.0.stdin.take().zip(self.0.stdout.take());
        pipes.ok_or_else(|| io::Error::other("a program without pipes"))
    }

    /// Asks it to end, since one that is killed leaves its children, and waits
    /// until it has; kills it when that takes too long.
    ///
    /// # Errors
    ///
    /// When it had to be killed.
    pub fn end(&mut self, patience: Duration) -> io::Result<ExitStatus> {
        let began = Instant::now();
        if self.0.try_wait()?.is_none() {
            kill_process(Pid::from_child(&self.0), Signal::TERM)?;
        }
        while began.elapsed() < patience {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            thread::sleep(GLANCE);
        }
        self.0.kill()?;
        self.0.wait()?;
        Err(io::Error::other("a program did not end, and was killed"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.end(PATIENCE);
    }
}
