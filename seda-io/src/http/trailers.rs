//! Fields behind a chunked body.

use super::headers::{HeaderError, Headers};

/// Fields that must stand in front of a body: those that frame it, route it,
/// change or authenticate the request, or say how the content is to be read.
/// Sorted.
///
/// # Sources
///
/// RFC 9110 §6.5.1, with the fields that its sections name.
const FORBIDDEN: [&str; 35] = [
    "accept-ranges",
    "age",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "www-authenticate",
];

/// Fields behind a chunked body, such as a checksum of it.
///
/// A recipient may drop them, so nothing should depend on them unless the peer
/// has said that it keeps them (`TE: trailers`).
///
/// # Examples
///
/// ```
/// use seda_io::http::{HeaderError, Trailers};
///
/// let trailers = Trailers::new().with("Server-Timing", "db;dur=53")?;
/// assert_eq!(trailers.fields().get("server-timing"), Some("db;dur=53"));
/// assert_eq!(trailers.with("Content-Length", "7"), Err(HeaderError::Reserved));
/// # Ok::<(), HeaderError>(())
/// ```
///
/// # Sources
///
/// RFC 9110 §6.5, RFC 9112 §7.1.2.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trailers(Headers);

impl Trailers {
    /// Makes trailers without fields.
    pub const fn new() -> Self {
        Self(Headers::new())
    }

    /// Adds a field.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when the field is malformed, or must stand in front of the body.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        if !may_trail(name) {
            return Err(HeaderError::Reserved);
        }
        self.0.push(name, value)?;
        Ok(self)
    }

    /// Adds a field that was received, and checked.
    pub(super) fn push_checked(&mut self, name: &str, value: &str) {
        self.0.push_checked(name, value);
    }

    /// Returns the fields.
    pub const fn fields(&self) -> &Headers {
        &self.0
    }
}

/// Tells whether a field of that name may stand behind a body.
pub(super) fn may_trail(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    FORBIDDEN.binary_search(&name.as_str()).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_frames_a_message_may_not_trail_it() {
        assert!(FORBIDDEN.is_sorted());
        assert!(FORBIDDEN.iter().all(|name| !may_trail(name)));
        assert!(!may_trail("Transfer-ENCODING"));
        assert!(may_trail("Digest") && may_trail("X-Checksum"));
    }
}
