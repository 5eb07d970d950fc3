//! What a request is about.

use smol_str::SmolStr;

use super::authority::host_of;

/// What a request is about: a path and a query, as they were sent.
///
/// Nothing is decoded, so `%2F` and `/` stay apart.
///
/// # Examples
///
/// ```
/// use seda_io::http::Target;
///
/// let target = Target::parse("http://example:8080/jobs?state=failed").unwrap();
/// assert_eq!(target.path(), "/jobs");
/// assert_eq!(target.query(), Some("state=failed"));
/// assert_eq!(target.authority(), Some("example:8080"));
/// ```
///
/// # Sources
///
/// RFC 9112 §3.2.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Without memory of its own when it is short, as most are.
    text: SmolStr,
    path_start: usize,
    path_end: usize,
}

impl Target {
    /// Takes a target in origin form (`/path?query`), absolute form
    /// (`http://host/path`) or asterisk form (`*`); `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !plain {
            return None;
        }
        let path_start = match text {
            "*" => 0,
            _ if text.starts_with('/') => 0,
            _ => Self::authority_end(text)?,
        };
        let query = text.bytes().skip(path_start).position(|byte| byte == b'?');
        Some(Self {
            text: text.into(),
            path_start,
            path_end: query.map_or(text.len(), |query| path_start + query),
        })
    }

    fn authority_end(text: &str) -> Option<usize> {
        let (scheme, rest) = text.split_once("://")?;
        let known = ["http", "https"]
            .iter()
            .any(|have| scheme.eq_ignore_ascii_case(have));
        let length = rest.find(['/', '?']).unwrap_or(rest.len());
        let authority = rest.get(..length)?;
        let valid = known && host_of(authority).is_some_and(|host| !host.is_empty());
        valid.then(|| text.len() - rest.len() + length)
    }

    /// Returns the path, not decoded; `*` for the server as a whole.
    pub fn path(&self) -> &str {
        match self.text.get(self.path_start..self.path_end) {
            None | Some("") => "/",
            Some(path) => path,
        }
    }

    /// Returns what stands behind the first `?`, not decoded.
    pub fn query(&self) -> Option<&str> {
        self.text.get(self.path_end + 1..)
    }

    /// Returns host and port when the target names them.
    pub fn authority(&self) -> Option<&str> {
        let before = self.text.get(..self.path_start)?;
        before.split_once("://").map(|(_, authority)| authority)
    }

    /// Returns the target as it was sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}
