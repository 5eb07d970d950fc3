//! The servers: ours, and those that it is compared with.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use crate::http::cores;
use crate::http::nginx;
use crate::http::service::Site;

/// Is a server that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name on the command line and in figures.
    pub name: &'static str,
    /// Where its program comes from.
    pub origin: Origin,
    /// The words of its command line behind the port, or of its configuration.
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

/// nginx, with one worker; the kernel sends its files.
pub const NGINX: Server = nginx("nginx", &["sendfile on;"]);
/// nginx, which reads files and writes them, as suits small ones better.
pub const NGINX_READING: Server = nginx("nginx-reading", &["sendfile off;"]);

const fn nginx(name: &'static str, words: &'static [&'static str]) -> Server {
    Server {
        name,
        origin: Origin::Nginx,
        words,
        cores: &cores::SERVER,
    }
}

/// The servers that most scenarios have, in the order in which they take turns.
pub const SERVERS: [Server; 10] = [
    OURS,
    peer("bare", "peer-bare", &["cohort"]),
    peer("bare-single", "peer-bare", &["single"]),
    NGINX,
    peer("hyper", "peer-hyper", &[]),
    peer("axum", "peer-axum", &[]),
    peer("actix", "peer-actix", &[]),
    peer("monoio", "peer-monoio", &[]),
    peer("ntex", "peer-ntex", &[]),
    peer("threads", "peer-threads", &[]),
];

impl Server {
    /// Makes the command that serves as the site says; a peer knows nothing but hello.
    ///
    /// # Errors
    ///
    /// When its configuration cannot be written.
    pub fn command(&self, program: PathBuf, site: &Site) -> io::Result<Command> {
        let port = site.port.to_string();
        let mut command = Command::new(program);
        match self.origin {
            Origin::Nginx => {
                command.args(nginx::configure(site, self.words)?);
            }
            Origin::Ours => {
                command.arg("serve").arg(port).args(self.words);
                command.arg(site.service.name()).arg(site.documents.path());
            }
            Origin::Peer(_) => {
                command.arg(port).args(self.words);
            }
        }
        Ok(command)
    }
}
