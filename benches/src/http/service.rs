//! What a server is asked for: a word, files, or a word under TLS.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::http::answer::{BUSY, HELLO};
use crate::http::shape::Shape;
use crate::http::wire::Door;

/// Says what a server serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// [`HELLO`] at `/`.
    Hello,
    /// The files of a directory; that at `/` holds [`HELLO`].
    Files,
    /// [`HELLO`] at `/`, under TLS.
    Secured,
    /// [`BUSY`], as the answer to a request that a stage has refused.
    Refusals,
}

impl Service {
    /// All services, by their names on the command line.
    pub const NAMED: [(&str, Self); 4] = [
        ("hello", Self::Hello),
        ("files", Self::Files),
        ("tls", Self::Secured),
        ("refusals", Self::Refusals),
    ];

    /// Gives its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Files => "files",
            Self::Secured => "tls",
            Self::Refusals => "refusals",
        }
    }

    /// Gives the status of its answers.
    pub const fn status(self) -> u16 {
        match self {
            Self::Refusals => 503,
            Self::Hello | Self::Files | Self::Secured => 200,
        }
    }

    /// Gives what it says at `/`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refusals => BUSY,
            Self::Hello | Self::Files | Self::Secured => HELLO,
        }
    }
}

/// Is where a server is to serve, and what.
#[derive(Debug)]
pub struct Site {
    /// Where it listens, on this machine alone.
    pub port: u16,
    /// What it serves.
    pub service: Service,
    /// The files that it serves, if it does.
    pub documents: TempDir,
    /// Where it may write.
    pub directory: TempDir,
}

impl Site {
    /// Makes a place for one server.
    ///
    /// # Errors
    ///
    /// When there is no port, or no room for the files.
    pub fn new(service: Service) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Self {
            port: listener.local_addr()?.port(),
            service,
            documents: documents()?,
            directory: tempfile::tempdir()?,
        })
    }

    /// Gives where its clients connect to.
    ///
    /// # Errors
    ///
    /// When the certificates of the tests cannot be read.
    pub fn door(&self) -> io::Result<Door> {
        let address = (Ipv4Addr::LOCALHOST, self.port).into();
        match self.service {
            Service::Secured => Door::secured(address),
            Service::Hello | Service::Files | Service::Refusals => Ok(Door::plain(address)),
        }
    }
}

/// Is a file that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where it is.
    pub path: &'static str,
    /// How long it is.
    pub bytes: usize,
}

impl Document {
    /// Is one request after the other for it, on connections that last.
    pub const fn asked_on(self, connections: usize) -> Shape {
        let Self { path, bytes } = self;
        Shape {
            path,
            body_bytes: bytes,
            ..Shape::hello(connections)
        }
    }
}

/// 1 kB: a head of an answer is a fifth of it.
pub const SMALL: Document = document("/1k.bin", 1_000);
/// 100 kB: a page with its pictures.
pub const MIDDLE: Document = document("/100k.bin", 100_000);
/// 10 MB: more than any socket holds.
pub const LARGE: Document = document("/10m.bin", 10_000_000);

const fn document(path: &'static str, bytes: usize) -> Document {
    Document { path, bytes }
}

/// Writes all documents into a directory that any server may read.
///
/// # Errors
///
/// When there is no room for them.
fn documents() -> io::Result<TempDir> {
    let directory = tempfile::tempdir()?;
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
    let place = |path: &str| directory.path().join(path.trim_start_matches('/'));
    fs::write(place("/index.html"), HELLO)?;
    for Document { path, bytes } in [SMALL, MIDDLE, LARGE] {
        fs::write(place(path), vec![b'x'; bytes])?;
    }
    Ok(directory)
}
