//! The path of a Unix socket that this process has bound.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};

/// Removes the path of a bound socket at its end, if it is still that socket's.
#[derive(Debug)]
pub(crate) struct BoundPath {
    path: PathBuf,
    inode: u64,
}

/// Says how to find out whether somebody listens on a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Knock {
    /// By connecting a stream.
    Stream,
    /// By connecting a datagram socket.
    Datagram,
}

impl BoundPath {
    /// Binds a socket to `path` by `bind`. A path that a dead process has left
    /// behind, on which nobody listens, is taken over.
    pub(crate) fn bind<S>(
        path: &Path,
        knock: Knock,
        bind: impl Fn(&Path) -> io::Result<S>,
    ) -> io::Result<(S, Self)> {
        let socket = match bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_dead(path, knock) => {
                fs::remove_file(path)?;
                bind(path)
            }
            other => other,
        }?;
        let bound = Self {
            path: path.to_owned(),
            inode: fs::metadata(path)?.ino(),
        };
        Ok((socket, bound))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Tells whether `path` is a socket on which nobody listens.
fn is_dead(path: &Path, knock: Knock) -> bool {
    let answer = match knock {
        Knock::Stream => UnixStream::connect(path).map(drop),
        Knock::Datagram => UnixDatagram::unbound().and_then(|socket| socket.connect(path)),
    };
    answer.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

impl Drop for BoundPath {
    fn drop(&mut self) {
        let ours = fs::metadata(&self.path).is_ok_and(|there| there.ino() == self.inode);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(target: "seda", path = %self.path.display(), "a socket's path stays: {error}");
        }
    }
}
