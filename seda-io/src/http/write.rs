//! Writes heads: status or request line, the fields a message has, and those of its framing.

use super::date::HttpDate;
use super::message::{Request, Response};

/// What a client that asked for it gets before it sends its body.
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Bytes: room for the lines that every head has, and the end.
const FIXED_BYTES: usize = 180;

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

/// Tells how many bytes the head of an answer will be, at most.
pub(super) fn response_head_bytes(response: &Response) -> usize {
    FIXED_BYTES + response.headers().wire_bytes()
}

/// Writes the head of an answer behind what `head` holds.
///
/// `Content-Length` is that of the body, sent or not (RFC 9110 §8.6), except
/// where the status has none.
pub(super) fn response_head(
    head: &mut Vec<u8>,
    response: &Response,
    persistence: Persistence,
    date: &HttpDate,
) {
    let status = response.status();
    push(head, &["HTTP/1.1 "]);
    push_number(head, u64::from(status.code()));
    push(head, &[" ", status.reason(), "\r\n"]);
    field(head, "Date", date.as_str());
    for (name, value) in response.headers().iter() {
        field(head, name, value);
    }
    if !status.is_bodiless() {
        push(head, &["Content-Length: "]);
        push_number(head, response.content().len());
        push(head, &["\r\n"]);
    }
    match persistence {
        Persistence::Unsaid => {}
        Persistence::KeepAlive => field(head, "Connection", "keep-alive"),
        Persistence::Close => field(head, "Connection", "close"),
    }
    push(head, &["\r\n"]);
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

/// Writes a number in decimal, without memory of its own.
fn push_number(head: &mut Vec<u8>, number: u64) {
    const TEN: u64 = 10;
    let mut digits = [b'0'; 20];
    let (mut rest, mut len) = (number, 0);
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(rest % TEN).unwrap_or(0);
        rest /= TEN;
        len += 1;
        if rest == 0 {
            break;
        }
    }
    head.extend(digits.iter().skip(digits.len() - len));
}

fn push(head: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        head.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::push_number;

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 7, 10, 503, 1_048_576, u64::MAX] {
            let mut head = b"x".to_vec();
            push_number(&mut head, number);
            assert_eq!(head, format!("x{number}").into_bytes());
        }
    }
}
