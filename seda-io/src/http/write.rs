//! Writes the heads of answers: status line, the fields a message has, and those of its
//! framing; and the framing of bodies that go out piece by piece.

use super::date::HttpDate;
use super::headers::Headers;
use super::message::Response;
use super::status::StatusCode;
use super::trailers::Trailers;
use crate::buffer::WriteBuffer;

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

/// How the peer finds the end of an answer's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// By its length.
    Length(u64),
    /// It comes in chunks, the last of which is empty.
    Chunks,
    /// By the end of the connection.
    Close,
    /// There is no body, but another protocol, up to the end of this direction.
    Upgrade,
}

impl Delimiter {
    /// Queues all of `pieces` as the next part of a body, in one chunk if it comes
    /// in chunks; false, and nothing is, if they are more than its length leaves.
    pub(super) fn frame(&mut self, pieces: &mut WriteBuffer, output: &mut WriteBuffer) -> bool {
        let bytes = pieces.len() as u64;
        match self {
            Self::Length(left) if *left < bytes => return false,
            Self::Length(left) => *left -= bytes,
            Self::Chunks if bytes > 0 => {
                output.push_with(CHUNK_HEAD_BYTES, |block| chunk_head(block, bytes));
                output.append(pieces);
                output.push(CHUNK_END);
                return true;
            }
            Self::Chunks | Self::Close | Self::Upgrade => {}
        }
        output.append(pieces);
        true
    }

    /// Queues what ends the body, with `trailers` where it comes in chunks; false if
    /// it is not as long as its head says.
    pub(super) fn end(self, trailers: &Trailers, output: &mut WriteBuffer) -> bool {
        if self == Self::Chunks {
            let about = LAST_CHUNK_BYTES + trailers.fields().wire_bytes();
            output.push_with(about, |block| last_chunk(block, trailers));
        }
        !matches!(self, Self::Length(1..))
    }
}

/// Tells how many bytes the head of an answer will be, at most.
pub(super) fn response_head_bytes(response: &Response) -> usize {
    FIXED_BYTES + response.headers().wire_bytes()
}

/// Writes the head of an answer behind what `head` holds.
///
/// `Content-Length` is that of the body, sent or not (RFC 9110 §8.6), except
/// where the status has none, or it is not known yet. `Date` is the one given,
/// unless the answer has its own (RFC 9110 §6.6.1).
pub(super) fn response_head(
    head: &mut Vec<u8>,
    response: &Response,
    (delimiter, persistence): (Delimiter, Persistence),
    date: &HttpDate,
) {
    let status = response.status();
    if status == StatusCode::OK && !response.is_dated() {
        push(head, &[date.ok()]);
    } else {
        push(head, &["HTTP/1.1 "]);
        push_number(head, u64::from(status.code()));
        push(head, &[" ", status.reason(), "\r\n"]);
        if !response.is_dated() {
            field(head, "Date", date.as_str());
        }
    }
    for (name, value) in response.headers().iter() {
        field(head, name, value);
    }
    if !status.is_bodiless() {
        match delimiter {
            Delimiter::Length(length) => {
                push(head, &["Content-Length: "]);
                push_number(head, length);
                push(head, &["\r\n"]);
            }
            Delimiter::Chunks => field(head, "Transfer-Encoding", "chunked"),
            Delimiter::Close | Delimiter::Upgrade => {}
        }
    }
    match persistence {
        Persistence::Unsaid => {}
        Persistence::KeepAlive => field(head, "Connection", "keep-alive"),
        Persistence::Close => field(head, "Connection", "close"),
    }
    push(head, &["\r\n"]);
}

/// What begins the head behind which another protocol is spoken (RFC 9110 §15.2.2).
const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n";

/// Tells how many bytes that head will be.
pub(super) fn switching_head_bytes(headers: &Headers) -> usize {
    SWITCHING.len() + headers.wire_bytes() + "\r\n".len()
}

/// Writes that head with these fields, `Upgrade` among them.
pub(super) fn switching_head(head: &mut Vec<u8>, headers: &Headers) {
    push(head, &[SWITCHING]);
    for (name, value) in headers.iter() {
        field(head, name, value);
    }
    push(head, &["\r\n"]);
}

/// Bytes: a chunk's size in hexadecimal and the line end, at most.
const CHUNK_HEAD_BYTES: usize = 18;
/// What follows the bytes of a chunk.
const CHUNK_END: &[u8] = b"\r\n";
/// Bytes of the last chunk, trailers apart.
const LAST_CHUNK_BYTES: usize = 5;

/// Writes the line in front of a chunk's bytes.
fn chunk_head(block: &mut Vec<u8>, bytes: u64) {
    push(block, &[&format!("{bytes:x}\r\n")]);
}

/// Writes the chunk that ends a body, and the fields behind it.
fn last_chunk(block: &mut Vec<u8>, trailers: &Trailers) {
    push(block, &["0\r\n"]);
    for (name, value) in trailers.fields().iter() {
        field(block, name, value);
    }
    push(block, &["\r\n"]);
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
