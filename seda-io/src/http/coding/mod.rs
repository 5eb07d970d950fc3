//! Answers are compressed for those who ask for it.

mod accepted;

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use self::accepted::Coding;
use super::content::Content;
use super::headers::{HeaderError, Headers};
use super::message::{Request, Response};
use super::status::StatusCode;

/// Bytes: shorter bodies are sent as they are, since they fit a packet or two anyway.
const COMPRESSED_BYTES_MIN: u64 = 1 << 10;
/// Bytes: longer bodies are sent as they are, since compressing them holds a
/// worker for more than a few milliseconds.
const COMPRESSED_BYTES_MAX: u64 = 256 << 10;

/// Media types, besides all text, JSON and XML, that get shorter.
const COMPRESSIBLE: [&str; 9] = [
    "application/javascript",
    "application/json",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/xml",
    "application/yaml",
    "font/otf",
    "font/ttf",
];

/// Fields that would not be true of the compressed bytes: it is their author who
/// would have to make them anew.
const BOUND_TO_BYTES: [&str; 5] = [
    "content-digest",
    "content-encoding",
    "content-md5",
    "digest",
    "repr-digest",
];

impl Response {
    /// Compresses the body by gzip, where the client wants that and it is worth it.
    ///
    /// Worth it are bodies in memory of 1 KiB to 256 KiB, of text, JSON, XML,
    /// scripts, WebAssembly and plain fonts; others stay as they are, and so do
    /// parts (206) and what has a `Content-Encoding`, a digest of its bytes, or
    /// `Cache-Control: no-transform` already. Where it depends on the client, the
    /// answer says so to caches by `Vary`, compressed or not. With a compressed
    /// body, `Accept-Ranges` goes, and an entity tag becomes weak: it will do for
    /// `If-None-Match`, but not for `If-Match` and `If-Range`, which are about
    /// certain bytes.
    ///
    /// `GET` and `HEAD` get the same head, if they are given the same answer.
    ///
    /// Text that the client has sent does not belong in one compressed body
    /// with a secret, even under TLS: the length of that body tells how much of
    /// the secret it has guessed.
    ///
    /// # Blocking
    ///
    /// It takes some milliseconds for the longest bodies. What is sent often is
    /// better compressed once and kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use seda_core::Graph;
    /// use seda_io::http::{Exchange, Method, Request, Response, StatusCode, Target};
    ///
    /// let mut graph = Graph::new("reports");
    /// let report = graph.stage("report").each(|exchange: Exchange| {
    ///     let report = Response::text(StatusCode::OK, "all is well\n".repeat(500));
    ///     let report = report.compressed_for(exchange.request());
    ///     exchange.respond(report);
    ///     Ok(())
    /// });
    /// # let _ = report;
    ///
    /// let ask = Request::new(Method::Get, Target::parse("/report").ok_or("target")?)
    ///     .with_header("Accept-Encoding", "br, gzip")?;
    /// let long = Response::text(StatusCode::OK, "all is well\n".repeat(500));
    /// let sent = long.compressed_for(&ask);
    /// assert_eq!(sent.headers().get("content-encoding"), Some("gzip"));
    /// assert_eq!(sent.headers().get("vary"), Some("Accept-Encoding"));
    /// assert!(sent.content().len() < 100);
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    ///
    /// # Sources
    ///
    /// RFC 9110 §8.4 (codings), §8.8.3.3 (entity tags), §12.5.3
    /// (`Accept-Encoding`), §12.5.5 (`Vary`); RFC 9111 §5.2.2.6 (`no-transform`).
    #[must_use]
    pub fn compressed_for(self, request: &Request) -> Self {
        let of_another = matches!(
            self.status(),
            StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED
        );
        let depends = match of_another {
            _ if is_fixed(self.headers()) => false,
            true => may_stand_for_compressible(self.headers()),
            false => is_worth_it(&self),
        };
        if !depends {
            return self;
        }
        let wants = accepted::wanted(request.headers()) == Coding::Gzip;
        let shorter = (wants && !of_another)
            .then(|| gzip(self.content()))
            .flatten();
        let headers = match (&shorter, self.status()) {
            (Some(_), _) => compressed_fields(self.headers()),
            (None, StatusCode::NOT_MODIFIED) => known_fields(self.headers(), request),
            (None, _) => varying(self.headers().clone()),
        };
        // An answer whose fields leave no room for another one goes as it came.
        let Ok(headers) = headers else {
            return self;
        };
        let response = self.with_fields(headers);
        match shorter {
            Some(body) => response.with_body(body),
            None => response,
        }
    }
}

/// Tells whether the bytes have to stay as they are, whoever asks.
fn is_fixed(headers: &Headers) -> bool {
    headers.list_has("cache-control", "no-transform")
        || BOUND_TO_BYTES
            .iter()
            .any(|name| headers.get(name).is_some())
}

/// Tells whether the body is compressed for those who want it.
fn is_worth_it(response: &Response) -> bool {
    let content = response.content();
    let size = COMPRESSED_BYTES_MIN..=COMPRESSED_BYTES_MAX;
    // These have no body, whatever they were given (RFC 9110 §15.3.5, §15.3.6).
    let bodiless = matches!(response.status().code(), 204 | 205);
    !bodiless
        && size.contains(&content.len())
        && is_in_memory(content)
        && response.headers().get("content-range").is_none()
        && media_type(response.headers()).is_some_and(is_compressible)
}

/// Tells whether a part, or what stands for a body that the client has, may be
/// of one that is compressed for others. It has to say so, too (RFC 9110
/// §15.3.7, §15.4.5), and does not name the media type in all cases.
fn may_stand_for_compressible(headers: &Headers) -> bool {
    media_type(headers)
        .is_none_or(|of| is_compressible(of) || of.eq_ignore_ascii_case("multipart/byteranges"))
}

fn media_type(headers: &Headers) -> Option<&str> {
    let field = headers.get("content-type")?;
    let media_type = field.split(';').next().unwrap_or(field);
    Some(media_type.trim_matches([' ', '\t']))
}

fn is_compressible(media_type: &str) -> bool {
    let lower = media_type.to_ascii_lowercase();
    lower.starts_with("text/")
        || lower.ends_with("+json")
        || lower.ends_with("+xml")
        || COMPRESSIBLE.contains(&lower.as_str())
}

fn is_in_memory(content: &Content) -> bool {
    match content {
        Content::Parts(parts) => parts.iter().all(is_in_memory),
        _ => content.bytes().is_some(),
    }
}

/// Compresses what lies in memory; `None` when it would not get shorter.
fn gzip(content: &Content) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    write_all(content, &mut encoder).ok()?;
    let bytes = encoder.finish().ok()?;
    (content.len() > bytes.len() as u64).then_some(bytes)
}

fn write_all(content: &Content, to: &mut impl Write) -> io::Result<()> {
    match content {
        Content::Parts(parts) => parts.iter().try_for_each(|part| write_all(part, to)),
        _ => to.write_all(content.bytes().unwrap_or_default()),
    }
}

/// Adds what tells caches on which field of the request the answer depends.
fn varying(mut headers: Headers) -> Result<Headers, HeaderError> {
    let said = headers.list_has("vary", "*") || headers.list_has("vary", "accept-encoding");
    if !said {
        headers.push("Vary", "Accept-Encoding")?;
    }
    Ok(headers)
}

/// Makes the fields of a compressed answer.
fn compressed_fields(headers: &Headers) -> Result<Headers, HeaderError> {
    let mut fields = weakened(headers)?;
    fields.push("Content-Encoding", "gzip")?;
    varying(fields)
}

/// Makes the fields of a 304: a client that holds the compressed body has the
/// weak tag, and does not know a strong one again (RFC 9111 §4.3.4).
fn known_fields(headers: &Headers, request: &Request) -> Result<Headers, HeaderError> {
    let held = headers.get("etag").is_some_and(|tag| {
        let weak = format!("W/{tag}");
        let mut asked = request.headers().all("if-none-match");
        asked.any(|tags| tags.contains(&weak))
    });
    varying(if held {
        weakened(headers)?
    } else {
        headers.clone()
    })
}

/// Copies the fields, with a weak entity tag and without `Accept-Ranges`: the
/// bytes are others each time the compressor is (RFC 9110 §8.8.1).
fn weakened(headers: &Headers) -> Result<Headers, HeaderError> {
    let mut fields = Headers::with_capacity(headers.len() + 2, headers.wire_bytes());
    for (name, value) in headers.iter() {
        if name.eq_ignore_ascii_case("accept-ranges") {
            continue;
        }
        let strong = name.eq_ignore_ascii_case("etag") && !value.starts_with("W/");
        if strong {
            fields.push(name, &format!("W/{value}"))?;
        } else {
            fields.push(name, value)?;
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests;
