//! Where a socket is: an IP address with a port, a name with a port, or a path.

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
/// assert_eq!(Address::parse("[::1]:80"), Some(Address::Ip("[::1]:80".parse()?)));
/// assert_eq!(Address::parse("localhost:80"), Some(Address::Name("localhost".into(), 80)));
/// assert_eq!(Address::parse("localhost"), None);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// An internet address and a port.
    Ip(SocketAddr),
    /// The name of a host, whose addresses are still to be found, and a port.
    Name(Box<str>, u16),
    /// The path of a Unix socket.
    Unix(PathBuf),
    /// A Unix socket without a path, as those that connect mostly are; nothing
    /// can be sent there but by the connection.
    Unnamed,
}

impl Address {
    /// Returns the internet address, if it is one.
    ///
    /// ```
    /// use std::path::Path;
    /// use seda_io::net::Address;
    ///
    /// assert_eq!(Address::Ip("[::1]:80".parse()?).ip().map(|ip| ip.port()), Some(80));
    /// assert_eq!(Address::from(Path::new("/run/seda")).ip(), None);
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub const fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::Name(..) | Self::Unix(_) | Self::Unnamed => None,
        }
    }

    /// Takes `192.0.2.1:80`, `[::1]:80`, `example.org:80` or `unix:/path`;
    /// `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self::Ip(address));
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return (!path.is_empty()).then(|| Self::Unix(path.into()));
        }
        let (host, port) = text.rsplit_once(':')?;
        let plain = |byte: u8| byte.is_ascii_graphic() && !b":[]/".contains(&byte);
        let named = !host.is_empty() && host.bytes().all(plain);
        named.then_some(Self::Name(host.into(), port.parse().ok()?))
    }
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
            Self::Name(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Unnamed => f.write_str("unix:"),
        }
    }
}
