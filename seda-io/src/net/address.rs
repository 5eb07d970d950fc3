//! Where a socket is: an IP address with a port, or a path.

use std::fmt;
use std::net::SocketAddr;
use std::os::unix;
use std::path::{Path, PathBuf};

/// Names one end of a connection, or who sent a datagram.
///
/// ```
/// use std::path::Path;
/// use seda_io::net::Address;
///
/// assert_eq!(Address::from(Path::new("/run/seda")).to_string(), "unix:/run/seda");
/// assert_eq!(Address::Ip("[::1]:80".parse()?).to_string(), "[::1]:80");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// An internet address and a port.
    Ip(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
    /// A Unix socket without a path, as those that connect mostly are; nothing
    /// can be sent there but by the connection.
    Unnamed,
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Self::Unix(path.to_owned())
    }
}

impl From<unix::net::SocketAddr> for Address {
    fn from(address: unix::net::SocketAddr) -> Self {
        address.as_pathname().map_or(Self::Unnamed, Self::from)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Unnamed => f.write_str("unix:"),
        }
    }
}
