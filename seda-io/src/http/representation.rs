//! Something that can be had whole, in part, or not at all when the client has it already.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;

use super::content::Content;
use super::date::HttpDate;
use super::headers::{HeaderError, Headers};
use super::message::{Request, Response};
use super::method::Method;
use super::precondition::{self, Held, Validators};
use super::range::{self, Span, Wanted};
use super::status::StatusCode;
use crate::file_range::FileRange;

/// The bytes of a representation, of which any part can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Bytes in memory.
    Memory(Arc<[u8]>),
    /// Bytes of an open file.
    File(FileRange),
}

impl Source {
    fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(range) => range.len(),
        }
    }

    fn whole(&self) -> Content {
        match self {
            Self::Memory(bytes) => Content::Shared(Arc::clone(bytes)),
            Self::File(range) => Content::File(range.clone()),
        }
    }

    fn part(&self, span: Span) -> Content {
        match self {
            Self::Memory(bytes) => {
                let place = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
                let part = bytes.get(place(span.start)..=place(span.last()));
                Content::Owned(part.unwrap_or_default().to_vec())
            }
            Self::File(range) => Content::File(range.part(span.start, span.len)),
        }
    }
}

/// One state of something a client can have, with what tells it from others.
///
/// # Examples
///
/// ```
/// use seda_io::http::{Method, Representation, Request, Source, StatusCode, Target};
///
/// let text = Source::Memory(b"0123456789".as_slice().into());
/// let digits = Representation::new(text, "text/plain", "\"v1\"", None)?;
/// let ask = Request::new(Method::Get, Target::parse("/digits").ok_or("target")?);
/// let part = digits.answer(&ask.clone().with_header("Range", "bytes=2-4")?);
/// assert_eq!((part.status(), part.body()), (StatusCode::PARTIAL_CONTENT, &b"234"[..]));
/// let known = digits.answer(&ask.with_header("If-None-Match", "\"v1\"")?);
/// assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Representation {
    source: Source,
    media_type: String,
    validators: Validators,
    modified: Option<HttpDate>,
}

impl Representation {
    /// Makes one of bytes of some media type, with a strong entity tag, quotes
    /// included, and the time of the last change in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when one of them cannot stand in a header field.
    pub fn new(
        source: Source,
        media_type: &str,
        tag: &str,
        modified: Option<u64>,
    ) -> Result<Self, HeaderError> {
        let mut fields = Headers::new();
        fields.push("Content-Type", media_type)?;
        fields.push("ETag", tag)?;
        // What every answer has besides, at its longest, must find room as well.
        fields.push("Accept-Ranges", "bytes")?;
        fields.push("Last-Modified", HttpDate::from_unix(0).as_str())?;
        let last = u64::MAX;
        fields.push("Content-Range", &format!("bytes {last}-{last}/{last}"))?;
        Ok(Self {
            source,
            media_type: media_type.to_owned(),
            validators: Validators {
                tag: tag.to_owned(),
                modified,
            },
            modified: modified.map(HttpDate::from_unix),
        })
    }

    /// Answers a request for it: whole, in part, or with 304, 412 or 416.
    ///
    /// # Sources
    ///
    /// RFC 9110 §13 (conditions), §14 (ranges).
    pub fn answer(&self, request: &Request) -> Response {
        match precondition::check(request, &self.validators) {
            Held::Known => return self.headed(StatusCode::NOT_MODIFIED),
            Held::No => return Response::new(StatusCode::PRECONDITION_FAILED),
            Held::Yes => {}
        }
        match self.wanted(request) {
            Wanted::Whole => {
                let response = self.headed(StatusCode::OK);
                let response = response.with_trusted("Content-Type", &self.media_type);
                response.with_body(self.source.whole())
            }
            Wanted::Nothing => {
                let response = Response::new(StatusCode::RANGE_NOT_SATISFIABLE);
                response.with_trusted("Content-Range", &format!("bytes */{}", self.source.len()))
            }
            Wanted::Spans(spans) => match *spans.as_slice() {
                [span] => self.one_part(span),
                _ => self.parts(&spans),
            },
        }
    }

    /// Ranges are for `GET` alone (RFC 9110 §14.2).
    fn wanted(&self, request: &Request) -> Wanted {
        let headers = request.headers();
        let plain = *request.method() != Method::Get
            || !precondition::may_take_range(headers, &self.validators);
        if plain {
            return Wanted::Whole;
        }
        range::wanted(headers, self.source.len())
    }

    fn headed(&self, status: StatusCode) -> Response {
        let response = Response::new(status)
            .with_trusted("ETag", &self.validators.tag)
            .with_trusted("Accept-Ranges", "bytes");
        match &self.modified {
            Some(date) => response.with_trusted("Last-Modified", date.as_str()),
            None => response,
        }
    }

    fn one_part(&self, span: Span) -> Response {
        self.headed(StatusCode::PARTIAL_CONTENT)
            .with_trusted("Content-Type", &self.media_type)
            .with_trusted("Content-Range", &self.place_of(span))
            .with_body(self.source.part(span))
    }

    /// Answers with several ranges at once (RFC 9110 §14.6).
    fn parts(&self, spans: &[Span]) -> Response {
        // Keyed by the process, so that nobody can write the boundary into a file.
        let boundary = format!("{:016x}", RandomState::new().hash_one(&self.validators.tag));
        let mut parts = Vec::with_capacity(2 * spans.len() + 1);
        for span in spans {
            let (media_type, place) = (&self.media_type, self.place_of(*span));
            let head = format!(
                "\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {place}\r\n\r\n"
            );
            parts.push(Content::from(head));
            parts.push(self.source.part(*span));
        }
        parts.push(format!("\r\n--{boundary}--\r\n").into());
        let media_type = format!("multipart/byteranges; boundary={boundary}");
        self.headed(StatusCode::PARTIAL_CONTENT)
            .with_trusted("Content-Type", &media_type)
            .with_body(Content::Parts(parts))
    }

    fn place_of(&self, span: Span) -> String {
        format!("bytes {}-{}/{}", span.start, span.last(), self.source.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::headers::HEADER_BYTES_MAX;
    use crate::http::message::Version;
    use crate::http::target::Target;

    #[test]
    fn one_that_is_taken_has_room_for_the_fields_of_every_answer() {
        let source = || Source::Memory(vec![0; 9].into());
        let made = |tag: &str| Representation::new(source(), "text/plain", tag, Some(0));
        let mut tag = "x".repeat(HEADER_BYTES_MAX);
        let longest = loop {
            match made(&tag) {
                Ok(made) => break made,
                Err(error) => assert_eq!(error, HeaderError::TooLarge),
            }
            tag.pop();
        };
        for (range, status) in [("bytes=0-", 206), ("bytes=0-0,8-8", 206), ("bytes=9-", 416)] {
            let mut headers = Headers::new();
            headers.push("Range", range).unwrap();
            let request = Request::new(Method::Get, Target::parse("/").unwrap());
            let request = request.with_head(Version::Http11, headers);
            assert_eq!(longest.answer(&request).status().code(), status, "{range}");
        }
    }
}
