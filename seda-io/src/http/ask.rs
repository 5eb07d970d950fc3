//! Writes the heads of requests.

use super::message::Request;
use super::write::Delimiter;

/// Fields that the client writes itself, or that are about the connection a
/// request has come by (RFC 9110 §7.6.1): written out, they would break the framing.
const OWN: [&str; 5] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "transfer-encoding",
];

/// Bytes: room for the lines that every head has, and the end.
const FIXED_BYTES: usize = 180;

/// Says what a client wants of the connection behind the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Afterwards {
    /// To go on.
    KeepAlive,
    /// That the server closes it.
    Close,
}

/// Writes the head of a request to the server at `authority`.
///
/// The target is in origin form (RFC 9112 §3.2.1). `Host` is the request's own,
/// or else the authority.
pub(super) fn request_head(request: &Request, authority: &str, afterwards: Afterwards) -> Vec<u8> {
    let mut head = begin_head(request, authority);
    let method = request.method().as_str();
    let bodiless = matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS" | "TRACE");
    if !(bodiless && request.body().is_empty()) {
        let length = request.body().len().to_string();
        field(&mut head, "Content-Length", &length);
    }
    if afterwards == Afterwards::Close {
        field(&mut head, "Connection", "close");
    }
    push(&mut head, &["\r\n"]);
    head
}

/// Writes the same for a request whose body comes piece by piece, delimited by its
/// length or in chunks.
pub(super) fn flow_head(request: &Request, authority: &str, delimiter: Delimiter) -> Vec<u8> {
    let mut head = begin_head(request, authority);
    match delimiter {
        Delimiter::Length(length) => field(&mut head, "Content-Length", &length.to_string()),
        _ => field(&mut head, "Transfer-Encoding", "chunked"),
    }
    push(&mut head, &["\r\n"]);
    head
}

/// Writes the head up to the fields that frame the body.
fn begin_head(request: &Request, authority: &str) -> Vec<u8> {
    let headers = request.headers();
    let target = request.target();
    let (method, path) = (request.method().as_str(), target.path());
    let size = method.len() + target.as_str().len() + authority.len();
    let mut head = Vec::with_capacity(FIXED_BYTES + size + headers.wire_bytes());
    push(&mut head, &[method, " ", path]);
    if let Some(query) = target.query() {
        push(&mut head, &["?", query]);
    }
    push(&mut head, &[" HTTP/1.1\r\n"]);
    field(&mut head, "Host", headers.get("host").unwrap_or(authority));
    let own = |name: &str| OWN.iter().any(|own| own.eq_ignore_ascii_case(name));
    for (name, value) in headers.iter().filter(|(name, _)| !own(name)) {
        field(&mut head, name, value);
    }
    head
}

fn field(head: &mut Vec<u8>, name: &str, value: &str) {
    push(head, &[name, ": ", value, "\r\n"]);
}

fn push(head: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        head.extend_from_slice(part.as_bytes());
    }
}
