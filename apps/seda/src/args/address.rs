//! Where the client commands find the server.

use std::fmt;
use std::str::FromStr;

use crate::args::usage::UsageError;

/// The port of `http://` when none is written.
const HTTP_PORT: u16 = 80;

/// The host and port of a server, written as `http://HOST:PORT`.
///
/// ```
/// use seda::args::address::ServerAddress;
///
/// let server: ServerAddress = "http://jobs.example.org".parse().unwrap();
/// assert_eq!((server.host.as_str(), server.port), ("jobs.example.org", 80));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerAddress {
    /// A name or an IP address, the latter without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl Default for ServerAddress {
    /// Where a server with the default configuration listens.
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8080,
        }
    }
}

impl FromStr for ServerAddress {
    type Err = UsageError;

    fn from_str(text: &str) -> Result<Self, UsageError> {
        host_and_port(text).ok_or_else(|| {
            let what = format!("`--server` cannot be `{text}`");
            UsageError::new(what, "write http://HOST:PORT")
        })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "http://[{host}]:{port}")
        } else {
            write!(f, "http://{host}:{port}")
        }
    }
}

fn host_and_port(text: &str) -> Option<ServerAddress> {
    let rest = text.strip_prefix("http://").unwrap_or(text);
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':')?)),
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let fine = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if host.is_empty() || !host.chars().all(fine) {
        return None;
    }
    Some(ServerAddress {
        host: host.to_owned(),
        port: port.map_or(Some(HTTP_PORT), |port| port.parse().ok())?,
    })
}

#[cfg(test)]
mod tests {
    use super::ServerAddress;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, expected) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://host:81/", "http://host:81"),
            ("host:81", "http://host:81"),
            ("http://host", "http://host:80"),
            ("http://[::1]:81", "http://[::1]:81"),
            ("[::1]", "http://[::1]:80"),
        ] {
            let address: ServerAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_schemes_paths_and_nonsense_are_refused() {
        for text in [
            "",
            "http://",
            "https://host",
            "ftp://host",
            "host:port",
            "host:99999",
            "http://host/jobs",
            "http://user@host",
            "http://a b",
            "http://host\r\nX: y",
            "[::1",
            "[::1]81",
        ] {
            assert!(text.parse::<ServerAddress>().is_err(), "{text}");
        }
    }
}
