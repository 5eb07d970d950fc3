//! Messages on their way through an intermediary: what is about one connection stays behind.
//!
//! # Sources
//!
//! RFC 9110 §6.6.1 (`Date`), §7.6.1 (`Connection` and what it names), §7.6.2
//! (`Max-Forwards`), §7.6.3 (`Via`), §8.6 (`Content-Length` of answers to `HEAD`).

use std::error::Error;
use std::fmt;

use super::headers::{HeaderError, Headers};
use super::message::{Request, Response, Version};
use super::method::Method;

/// Fields about one connection, or that the next one writes itself.
const OF_ONE_HOP: [&str; 10] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// Says how many servers a request may still be passed on to.
const MAX_FORWARDS: &str = "max-forwards";

impl Request {
    /// Makes of a request that has come in the one that goes on to the next
    /// server: without the fields that were about this connection, those that
    /// `Connection` names among them, and with this intermediary in `Via`.
    ///
    /// `Host` stays behind as well: the client that sends it writes its own.
    /// `Max-Forwards` of a `TRACE` or `OPTIONS` is counted down; one that is no
    /// number goes on as it came.
    ///
    /// # Errors
    ///
    /// [`HopError::Last`] when `Max-Forwards` has come to 0, so that the request
    /// has to be answered here, and [`HopError::Header`] when `via` is no host or
    /// name, or there is no room for it.
    pub fn for_next_hop(self, via: &str) -> Result<Self, HopError> {
        let left = self.forwards_left();
        if left == Some(0) {
            return Err(HopError::Last(Box::new(self)));
        }
        let version = self.version();
        let left = left.map(|left| (left - 1).to_string());
        let headers = passed_on(self.headers(), left.as_deref(), version, via)?;
        Ok(self.with_head(version, headers))
    }

    /// Tells how many servers it may be passed on to, if it says so: other
    /// methods may have the field, and it means nothing there.
    fn forwards_left(&self) -> Option<u64> {
        let counts = *self.method() == Method::Options || self.method().as_str() == "TRACE";
        let text = self.headers().get(MAX_FORWARDS).filter(|_| counts)?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // Digits alone fail to parse only when they are too many.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    }
}

impl Response {
    /// Makes of an answer that another server has given the one that goes back,
    /// in the same way as for [requests](Request::for_next_hop).
    ///
    /// It keeps the `Date` of that server, and as the answer to a `HEAD` its
    /// `Content-Length`. `Via` names the version in which it was given.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when `via` is no host or name, or there is no room for it.
    pub fn for_next_hop(self, via: &str) -> Result<Self, HeaderError> {
        let headers = passed_on(self.headers(), None, self.version(), via)?;
        Ok(self.with_fields(headers).with_own_date())
    }
}

/// Says why a request does not go on to the next server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HopError {
    /// It has been passed on often enough (`Max-Forwards: 0`): who has it answers
    /// it as if there were nobody behind (RFC 9110 §7.6.2).
    Last(Box<Request>),
    /// `Via` cannot be written.
    Header(HeaderError),
}

impl fmt::Display for HopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last(request) => write!(
                f,
                "{} may not be passed on any more, answer it here",
                request.method().as_str()
            ),
            Self::Header(error) => error.fmt(f),
        }
    }
}

impl Error for HopError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Last(_) => None,
            Self::Header(error) => Some(error),
        }
    }
}

impl From<HeaderError> for HopError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

/// Copies the fields that go on, with what is left of `Max-Forwards` if that counts.
fn passed_on(
    headers: &Headers,
    left: Option<&str>,
    version: Version,
    via: &str,
) -> Result<Headers, HeaderError> {
    let of_one_hop = |name: &str| {
        let named = headers.list_has("connection", name);
        named || OF_ONE_HOP.iter().any(|own| own.eq_ignore_ascii_case(name))
    };
    let mut passed = Headers::new();
    for (name, value) in headers.iter().filter(|(name, _)| !of_one_hop(name)) {
        let counted = left.filter(|_| name.eq_ignore_ascii_case(MAX_FORWARDS));
        passed.push(name, counted.unwrap_or(value))?;
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

    fn forwarded(method: &str, max_forwards: &str) -> Result<Option<String>, HopError> {
        let method = Method::parse(method).unwrap();
        let request = Request::new(method, Target::parse("/").unwrap());
        let request = request.with_header("Max-Forwards", max_forwards).unwrap();
        let passed = request.for_next_hop("a")?;
        let left = passed.headers().get("max-forwards");
        Ok(left.map(str::to_owned))
    }

    #[test]
    fn a_request_that_counts_its_way_is_answered_at_the_end_of_it() {
        let rows = [
            ("TRACE", "7", "6"),
            ("OPTIONS", "1", "0"),
            ("OPTIONS", "010", "9"),
            ("OPTIONS", "99999999999999999999", "18446744073709551614"),
            ("OPTIONS", "-1", "-1"),
            ("OPTIONS", "", ""),
            ("GET", "0", "0"),
        ];
        for (method, came, goes) in rows {
            let left = forwarded(method, came);
            assert_eq!(left, Ok(Some(goes.to_owned())), "{method} {came}");
        }
        for method in ["TRACE", "OPTIONS"] {
            let Err(HopError::Last(request)) = forwarded(method, "0") else {
                panic!("{method} is passed on");
            };
            assert_eq!(request.headers().get("max-forwards"), Some("0"));
        }
    }

    #[test]
    fn an_answer_names_the_version_it_was_given_in() {
        for (version, via) in [(Version::Http10, "1.0 a"), (Version::Http11, "1.1 a")] {
            let response = Response::new(StatusCode::OK).of_version(version);
            let response = response.for_next_hop("a").unwrap();
            assert_eq!(response.headers().get("via"), Some(via));
        }
    }
}
