//! Requests and responses as values.

use std::borrow::Cow;
use std::mem;
use std::time::Duration;

use super::content::Content;
use super::fault::ProtocolError;
use super::headers::{HeaderError, Headers};
use super::method::Method;
use super::status::StatusCode;
use super::target::Target;
use super::trailers::Trailers;

/// Fields that a connection writes, because a wrong value would break its framing.
const RESERVED: [&str; 4] = ["connection", "content-length", "date", "transfer-encoding"];

/// Name and value of a field, one behind the other.
const PLAIN: &str = concat!("Content-Type", "text/plain; charset=utf-8");
/// See [`PLAIN`].
const JSON: &str = concat!("Content-Type", "application/json");

/// What `Retry-After` says when the stage gives no time.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The version of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// HTTP/1.0: closes after each answer unless asked not to.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// A request with its whole body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    method: Method,
    target: Target,
    version: Version,
    headers: Headers,
    body: Vec<u8>,
    /// Few requests have any.
    trailers: Option<Box<Trailers>>,
}

impl Request {
    /// Makes a request of HTTP/1.1 without fields and body.
    pub const fn new(method: Method, target: Target) -> Self {
        Self::of_head(method, target, Version::Http11, Headers::new())
    }

    /// Makes a request of a head that was received.
    #[inline]
    pub(super) const fn of_head(
        method: Method,
        target: Target,
        version: Version,
        headers: Headers,
    ) -> Self {
        Self {
            method,
            target,
            version,
            headers,
            body: Vec::new(),
            trailers: None,
        }
    }

    /// Replaces what stands around method, target and body.
    pub(super) fn with_head(mut self, version: Version, headers: Headers) -> Self {
        self.version = version;
        self.headers = headers;
        self
    }

    pub(super) fn with_trailers(mut self, trailers: Trailers) -> Self {
        let any = !trailers.fields().is_empty();
        self.trailers = any.then(|| Box::new(trailers));
        self
    }

    /// Adds a header field.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when the field is malformed, or one that the connection
    /// writes itself.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        push_free(&mut self.headers, name, value)?;
        Ok(self)
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// Returns what is asked for.
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns what it is asked of.
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Returns the version the peer speaks.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the header fields.
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Returns the decoded body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the fields that stood behind a body in chunks, but those that must
    /// not stand there (RFC 9110 §6.5.1).
    pub fn trailers(&self) -> &Headers {
        const NONE: &Headers = &Headers::new();
        self.trailers
            .as_ref()
            .map_or(NONE, |trailers| trailers.fields())
    }

    /// Gives the decoded body away.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Takes the decoded body out.
    pub(super) fn take_body(&mut self) -> Vec<u8> {
        mem::take(&mut self.body)
    }
}

/// An answer with its whole body.
///
/// # Examples
///
/// ```
/// use seda_io::http::{HeaderError, Response, StatusCode};
///
/// let busy = Response::text(StatusCode::SERVICE_UNAVAILABLE, "too many jobs\n")
///     .with_header("Retry-After", "2")?;
/// assert_eq!(busy.headers().get("retry-after"), Some("2"));
/// assert_eq!(busy.with_header("Content-Length", "7"), Err(HeaderError::Reserved));
/// # Ok::<(), HeaderError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    status: StatusCode,
    headers: Headers,
    body: Content,
    closes: bool,
    /// Another server has dated it.
    dated: bool,
    version: Version,
}

impl Response {
    /// Makes an answer without fields and body.
    pub const fn new(status: StatusCode) -> Self {
        Self::received(status, Headers::new())
    }

    /// Makes an answer of plain text.
    pub fn text(status: StatusCode, body: impl Into<Cow<'static, str>>) -> Self {
        let body = Content::from(body.into());
        Self::typed(status, PLAIN, body)
    }

    /// Makes the answer to a request that a stage has refused: 503, with when
    /// to try again, in a second when that is not known.
    pub fn busy(retry_after: Option<Duration>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::text(status, "the service is busy; try again later\n")
            .with_retry_after(retry_after.unwrap_or(RETRY_AFTER))
    }

    /// Makes the answer to a request beyond what its peer may ask in the time:
    /// 429 (RFC 6585 §4), with when to try again.
    pub fn too_many(retry_after: Duration) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self::text(status, "too many requests; try again later\n").with_retry_after(retry_after)
    }

    /// Says when to try again, in whole seconds (RFC 9110 §10.2.3), at least one.
    fn with_retry_after(self, after: Duration) -> Self {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        self.with_trusted("Retry-After", &seconds.max(1).to_string())
    }

    /// Makes an answer of JSON that has been written already.
    pub fn json(status: StatusCode, body: impl Into<Content>) -> Self {
        Self::typed(status, JSON, body.into())
    }

    /// Takes the field as its name and its value, one behind the other.
    fn typed(status: StatusCode, content_type: &'static str, body: Content) -> Self {
        let headers = Headers::of_static(content_type, "Content-Type".len());
        Self::received(status, headers).with_body(body)
    }

    pub(super) const fn received(status: StatusCode, headers: Headers) -> Self {
        Self {
            status,
            headers,
            body: Content::Static(&[]),
            closes: false,
            dated: false,
            version: Version::Http11,
        }
    }

    /// Replaces the header fields.
    pub(super) fn with_fields(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// Says in which version another server has given it.
    pub(super) const fn of_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Says that the fields have the date of another server, if they have one.
    pub(super) fn with_own_date(mut self) -> Self {
        self.dated = self.headers.get("date").is_some();
        self
    }

    /// Tells whether the fields have the date already.
    pub(super) const fn is_dated(&self) -> bool {
        self.dated
    }

    /// Adds a header field.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when the field is malformed, or one that the connection
    /// writes itself.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        push_free(&mut self.headers, name, value)?;
        Ok(self)
    }

    /// Adds a header field that this crate has made itself.
    ///
    /// Without room for it the answer would say something else than what is meant,
    /// so that it becomes a 500.
    pub(super) fn with_trusted(mut self, name: &str, value: &str) -> Self {
        match self.headers.push_trusted(name, value) {
            Ok(()) => self,
            Err(error) => {
                tracing::error!(target: "seda", "an answer cannot have its {name}: {error}");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self::text(status, "the header of the answer would be too large\n")
            }
        }
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Content>) -> Self {
        self.body = body.into();
        self
    }

    /// Asks that the connection be closed behind this answer.
    #[must_use]
    pub const fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Returns the version in which a server has given it; HTTP/1.1 for one that
    /// was made here.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the header fields.
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Returns the body, if it lies in memory in one piece, as that of an
    /// answer which was received does; else nothing.
    pub fn body(&self) -> &[u8] {
        self.body.bytes().unwrap_or_default()
    }

    /// Gives the body away; see [`body`](Self::body).
    pub fn into_body(self) -> Vec<u8> {
        match self.body {
            Content::Owned(bytes) => bytes,
            body => body.bytes().unwrap_or_default().to_vec(),
        }
    }

    /// Returns the body, wherever it is.
    pub const fn content(&self) -> &Content {
        &self.body
    }

    /// Gives the body away as it was set.
    pub(super) fn into_content(self) -> Content {
        self.body
    }

    /// Tells whether the connection is to be closed behind this answer.
    pub const fn closes(&self) -> bool {
        self.closes
    }
}

impl From<ProtocolError> for Response {
    /// Says to the peer what it did wrong, and closes the connection.
    fn from(error: ProtocolError) -> Self {
        Self::text(error.fault.status(), format!("{error}\n")).closing()
    }
}

fn push_free(headers: &mut Headers, name: &str, value: &str) -> Result<(), HeaderError> {
    if RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
    {
        return Err(HeaderError::Reserved);
    }
    headers.push(name, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::headers::{HEADER_BYTES_MAX, HEADERS_MAX};

    #[test]
    fn a_field_that_has_no_room_does_not_spoil_the_others() {
        let long = "x".repeat(HEADER_BYTES_MAX - "LocationA".len());
        let fits = Response::new(StatusCode::OK).with_trusted("Location", &long);
        assert_eq!(fits.headers().get("location"), Some(long.as_str()));
        let fits = fits.with_header("A", "").unwrap();
        assert_eq!(fits.headers().wire_bytes(), HEADER_BYTES_MAX + 8);
        let beyond = fits.with_trusted("B", "");
        assert_eq!(beyond.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(beyond.headers().get("location"), None);

        let many = (0..HEADERS_MAX).fold(Response::new(StatusCode::OK), |response, _| {
            response.with_trusted("A", "b")
        });
        assert_eq!(many.headers().len(), HEADERS_MAX);
        let beyond = many.with_trusted("A", "b");
        assert_eq!(beyond.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn retry_after_is_in_whole_seconds_and_never_zero() {
        let told = |wait| {
            let response = Response::busy(wait);
            response.headers().get("retry-after").map(str::to_owned)
        };
        assert_eq!(told(None).as_deref(), Some("1"));
        assert_eq!(told(Some(Duration::ZERO)).as_deref(), Some("1"));
        assert_eq!(
            told(Some(Duration::from_millis(2_001))).as_deref(),
            Some("3")
        );
    }
}
