//! Which server a request goes to.

use std::fmt;
use std::sync::Arc;

use crate::http::target::Target;

/// Is a server that requests go to: a scheme, a host and a port.
///
/// # Examples
///
/// ```
/// use seda_io::http::{Origin, Target};
///
/// let origin = Origin::parse("https://Example.org:443").unwrap();
/// assert_eq!(origin.to_string(), "https://example.org");
/// assert_eq!((origin.host(), origin.port()), ("example.org", 443));
/// let target = Target::parse("http://[::1]:8080/jobs").unwrap();
/// assert_eq!(Origin::of(&target).unwrap().host(), "::1");
/// ```
///
/// # Sources
///
/// RFC 9110 §4.2, §4.3.1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    secure: bool,
    /// Host and port as `Host` says them, without a port that goes without saying.
    authority: Arc<str>,
    host: Arc<str>,
    port: u16,
    /// Connections are shared within one lane.
    lane: u64,
}

impl Origin {
    /// Takes `http://host`, `https://host:port` and the like, without a path;
    /// `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let target = Target::parse(text)?;
        let bare = target.path() == "/" && target.query().is_none();
        bare.then(|| Self::of(&target)).flatten()
    }

    /// Gives the server that a target in absolute form names.
    pub fn of(target: &Target) -> Option<Self> {
        let authority = target.authority()?.to_ascii_lowercase();
        let secure = target.as_str().get(..5)?.eq_ignore_ascii_case("https");
        let usual = if secure { 443 } else { 80 };
        let behind_host = authority.rfind(']').unwrap_or(0);
        let colon = authority.get(behind_host..)?.find(':');
        let (host, port) = match colon.map(|at| authority.split_at(behind_host + at)) {
            Some((host, ":")) => (host, usual),
            Some((host, port)) => (host, port.strip_prefix(':')?.parse().ok()?),
            None => (authority.as_str(), usual),
        };
        let bare = host
            .strip_prefix('[')
            .map_or(Some(host), |host| host.strip_suffix(']'))?;
        if bare.is_empty() || bare.contains(['[', ']']) || (bare == host && host.contains(':')) {
            return None;
        }
        let said = if port == usual {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        };
        Some(Self {
            secure,
            authority: said.into(),
            host: bare.into(),
            port,
            lane: 0,
        })
    }

    /// Gives the same server, with connections of its own for each number: a client
    /// that plays many has one for each of them. Every other origin has lane 0.
    ///
    /// ```
    /// use seda_io::http::Origin;
    ///
    /// let origin = Origin::parse("http://localhost").unwrap();
    /// assert_ne!(origin.in_lane(1), origin.in_lane(2));
    /// assert_eq!(origin.in_lane(1).to_string(), "http://localhost");
    /// ```
    #[must_use]
    pub fn in_lane(&self, lane: u64) -> Self {
        Self {
            lane,
            ..self.clone()
        }
    }

    /// Tells whether it is spoken to under TLS.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns the name or the address of the host, the latter without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns host and port as `Host` says them (RFC 9110 §7.2).
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn origins_are_told_from_what_is_none() {
        let rows = [
            ("http://a", Some(("a", 80, "a"))),
            ("http://a:", Some(("a", 80, "a"))),
            ("http://A.b:80/", Some(("a.b", 80, "a.b"))),
            ("https://a:80", Some(("a", 80, "a:80"))),
            ("https://[::1]", Some(("::1", 443, "[::1]"))),
            ("http://[::1]:8080", Some(("::1", 8080, "[::1]:8080"))),
            ("http://a/b", None),
            ("http://a?b", None),
            ("http://:80", None),
            ("http://[]", None),
            ("http://[::1", None),
            ("http://::1", None),
            ("http://a:65536", None),
            ("http://a:b", None),
            ("http://u@a", None),
            ("ftp://a", None),
            ("/a", None),
        ];
        for (text, expected) in rows {
            let origin = Origin::parse(text);
            let got = origin
                .as_ref()
                .map(|it| (it.host(), it.port(), it.authority()));
            assert_eq!(got, expected, "{text}");
        }
    }
}
