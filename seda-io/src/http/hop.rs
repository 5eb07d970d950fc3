//! Messages on their way through an intermediary: what is about one connection stays behind.
//!
//! # Sources
//!
//! RFC 9110 §7.6.1 (`Connection` and what it names), §7.6.3 (`Via`).

use super::headers::{HeaderError, Headers};
use super::message::{Request, Response, Version};

/// Fields about one connection, or that the next one writes itself.
const OF_ONE_HOP: [&str; 11] = [
    "connection",
    "content-length",
    "date",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

impl Request {
    /// Makes of a request that has come in the one that goes on to the next
    /// server: without the fields that were about this connection, those that
    /// `Connection` names among them, and with this intermediary in `Via`.
    ///
    /// `Host` stays behind as well: the client that sends it writes its own.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when `via` is no host or name, or there is no room for it.
    pub fn for_next_hop(mut self, via: &str) -> Result<Self, HeaderError> {
        let version = self.version();
        let headers = passed_on(self.headers(), version, via)?;
        self = self.with_head(version, headers);
        Ok(self)
    }
}

impl Response {
    /// Makes of an answer that another server has given the one that goes back,
    /// in the same way as for [requests](Request::for_next_hop).
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when `via` is no host or name, or there is no room for it.
    pub fn for_next_hop(self, via: &str) -> Result<Self, HeaderError> {
        let headers = passed_on(self.headers(), Version::Http11, via)?;
        Ok(Self::received(self.status(), headers).with_body(self.into_content()))
    }
}

fn passed_on(headers: &Headers, version: Version, via: &str) -> Result<Headers, HeaderError> {
    let of_one_hop = |name: &str| {
        let named = headers.list_has("connection", name);
        named || OF_ONE_HOP.iter().any(|own| own.eq_ignore_ascii_case(name))
    };
    let mut passed = Headers::new();
    for (name, value) in headers.iter().filter(|(name, _)| !of_one_hop(name)) {
        passed.push(name, value)?;
    }
    let version = match version {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
    };
    passed.push("Via", &format!("{version} {via}"))?;
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::method::Method;
    use crate::http::{StatusCode, Target};

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.push(name, value).unwrap();
        }
        headers
    }

    #[test]
    fn what_is_about_one_connection_is_not_passed_on() {
        let came = headers(&[
            ("Host", "a"),
            ("Connection", "keep-alive, X-Own"),
            ("Connection", "close"),
            ("x-own", "1"),
            ("Keep-Alive", "timeout=5"),
            ("TE", "trailers"),
            ("Upgrade", "websocket"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "3"),
            ("Accept", "*/*"),
            ("Via", "1.0 first"),
        ]);
        let request = Request::new(Method::Get, Target::parse("/").unwrap());
        let request = request.with_head(Version::Http11, came.clone());
        let request = request.for_next_hop("second").unwrap();
        let passed = headers(&[
            ("Accept", "*/*"),
            ("Via", "1.0 first"),
            ("Via", "1.1 second"),
        ]);
        assert_eq!(request.headers(), &passed);
        let response = Response::received(StatusCode::OK, came).with_body("abc");
        let response = response.for_next_hop("second").unwrap();
        assert_eq!(
            (response.headers(), response.body()),
            (&passed, &b"abc"[..])
        );
        let bad = response.for_next_hop("a\r\nb: c");
        assert_eq!(bad.unwrap_err(), HeaderError::Value);
    }
}
