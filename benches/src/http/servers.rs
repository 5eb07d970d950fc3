//! The servers: ours, and those that it is compared with.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::http::cores;
use crate::http::nginx;

/// Is a server that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name on the command line and in figures.
    pub name: &'static str,
    /// Where its program comes from.
    pub origin: Origin,
    /// The words of its command line behind the port.
    words: &'static [&'static str],
    /// The cores that it runs on.
    pub cores: &'static [usize],
}

/// Says where the program of a server comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This very program.
    Ours,
    /// A package of `benches/peers`.
    Peer(&'static str),
    /// A program that is installed, with a configuration that is written here.
    Nginx,
}

const fn ours(
    name: &'static str,
    words: &'static [&'static str],
    cores: &'static [usize],
) -> Server {
    Server {
        name,
        origin: Origin::Ours,
        words,
        cores,
    }
}

const fn peer(name: &'static str, package: &'static str, words: &'static [&'static str]) -> Server {
    Server {
        name,
        origin: Origin::Peer(package),
        words,
        cores: &cores::SERVER,
    }
}

/// Ours, with one worker.
pub const OURS: Server = ours("seda", &["1"], &cores::SERVER);
/// Ours, with two workers on two cores.
pub const OURS_TWICE: Server = ours("seda-2", &["2"], &cores::BOTH);

/// The servers that every scenario has, in the order in which they take turns.
pub const SERVERS: [Server; 10] = [
    OURS,
    peer("bare", "peer-bare", &["cohort"]),
    peer("bare-single", "peer-bare", &["single"]),
    Server {
        name: "nginx",
        origin: Origin::Nginx,
        words: &[],
        cores: &cores::SERVER,
    },
    peer("hyper", "peer-hyper", &[]),
    peer("axum", "peer-axum", &[]),
    peer("actix", "peer-actix", &[]),
    peer("monoio", "peer-monoio", &[]),
    peer("ntex", "peer-ntex", &[]),
    peer("threads", "peer-threads", &[]),
];

impl Server {
    /// Makes the command that serves on the port; files that it needs go into `directory`.
    ///
    /// # Errors
    ///
    /// When its configuration cannot be written.
    pub fn command(&self, program: PathBuf, directory: &Path, port: u16) -> io::Result<Command> {
        let mut command = Command::new(program);
        match self.origin {
            Origin::Nginx => {
                command.args(nginx::configure(directory, port)?);
            }
            Origin::Ours => {
                command.arg("serve").arg(port.to_string()).args(self.words);
            }
            Origin::Peer(_) => {
                command.arg(port.to_string()).args(self.words);
            }
        }
        Ok(command)
    }
}
