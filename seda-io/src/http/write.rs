//! Writes heads: status or request line, the fields a message has, and those of its framing.

use super::date::HttpDate;
use super::message::{Request, Response};

/// What a client that asked for it gets before it sends its body.
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Bytes: room for the lines that every head has, about.
const FIXED_BYTES: usize = 160;

/// What an answer says about the connection behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    /// Nothing: HTTP/1.1 goes on.
    Unsaid,
    /// `keep-alive`, which HTTP/1.0 wants to be told.
    KeepAlive,
    /// `close`.
    Close,
}

/// Writes the head of an answer.
///
/// `Content-Length` is that of the body, sent or not (RFC 9110 §8.6), except
/// where the status has none.
pub(super) fn response_head(
    response: &Response,
    persistence: Persistence,
    date: &HttpDate,
) -> Vec<u8> {
    let status = response.status();
    let mut head = Vec::with_capacity(FIXED_BYTES + response.body().len().min(FIXED_BYTES));
    let code = status.code().to_string();
    push(
        &mut head,
        &["HTTP/1.1 ", &code, " ", status.reason(), "\r\n"],
    );
    field(&mut head, "Date", date.as_str());
    for (name, value) in response.headers().iter() {
        field(&mut head, name, value);
    }
    if !status.is_bodiless() {
        field(
            &mut head,
            "Content-Length",
            &response.body().len().to_string(),
        );
    }
    match persistence {
        Persistence::Unsaid => {}
        Persistence::KeepAlive => field(&mut head, "Connection", "keep-alive"),
        Persistence::Close => field(&mut head, "Connection", "close"),
    }
    push(&mut head, &["\r\n"]);
    head
}

/// Writes the head of a request that is the only one of its connection.
pub(super) fn request_head(request: &Request, authority: &str) -> Vec<u8> {
    let mut head = Vec::with_capacity(FIXED_BYTES);
    let (method, target) = (request.method().as_str(), request.target().as_str());
    push(&mut head, &[method, " ", target, " HTTP/1.1\r\n"]);
    field(&mut head, "Host", authority);
    for (name, value) in request.headers().iter() {
        field(&mut head, name, value);
    }
    let bodiless = matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS");
    if !(bodiless && request.body().is_empty()) {
        field(
            &mut head,
            "Content-Length",
            &request.body().len().to_string(),
        );
    }
    field(&mut head, "Connection", "close");
    push(&mut head, &["\r\n"]);
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
