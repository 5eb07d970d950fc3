//! Reads the answer to one request from bytes that arrive piecemeal.
//!
//! # Sources
//!
//! RFC 9112 §6.3 (where a body ends), RFC 9110 §15.2 (interim answers).

use super::chunked::Chunked;
use super::content::{Absent, Content, Later};
use super::fault::{Fault, Place, ProtocolError};
use super::framing::{Framing, Sequel};
use super::message::Response;
use super::method::Method;
use super::parse::{self, ResponseHead};
use super::scan::{Scan, Section, SectionKind};
use super::status::StatusCode;
use super::trailers::Trailers;

/// Interim answers before the final one.
const INTERIM_MAX: usize = 8;
/// The interim code by which a server goes over to another protocol.
const SWITCHING_PROTOCOLS: u16 = 101;

/// How much of an answer there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Not all of it.
    More,
    /// All of it, and perhaps bytes that nobody has asked for behind it.
    Whole { beyond: bool },
}

/// Bounds of an answer, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerBounds {
    pub(super) head: usize,
    /// Of a decoded body that is gathered.
    pub(super) body: u64,
    /// A body that is longer, or whose length is not known, is not gathered.
    pub(super) streams_above: usize,
    /// Of a decoded body that is not gathered.
    pub(super) streamed_body: u64,
}

/// Reads one answer.
#[derive(Debug)]
pub(super) struct AnswerReader {
    head_only: bool,
    bounds: AnswerBounds,
    /// What has come of a head that is not whole.
    pending: Vec<u8>,
    scan: Scan,
    interim: usize,
    head: Head,
    decoder: Decoder,
    /// The connection may be used again behind the answer.
    persists: bool,
}

/// Says whether the head of the final answer was there, and what it says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    Awaited,
    /// The body is to be gathered.
    Gathered,
    /// It is not.
    Streamed,
}

/// How the pieces of a body are told from what surrounds them.
#[derive(Debug)]
enum Decoder {
    Length { left: u64 },
    Chunked(Box<Chunked>),
    UntilClosed { room: u64 },
}

impl AnswerReader {
    /// Begins with the answer to a request of that method, within these bounds.
    pub(super) fn new(method: &Method, bounds: AnswerBounds) -> Self {
        Self {
            head_only: *method == Method::Head,
            bounds,
            pending: Vec::new(),
            scan: Scan::of_head(),
            interim: 0,
            head: Head::Awaited,
            decoder: Decoder::Length { left: 0 },
            persists: false,
        }
    }

    /// Tells whether anything has come, an interim answer included.
    pub(super) fn has_begun(&self) -> bool {
        self.is_headed() || self.interim > 0 || !self.pending.is_empty()
    }

    /// Tells whether the connection may be used again behind the answer.
    pub(super) const fn persists(&self) -> bool {
        self.persists
    }

    /// Tells whether the head was there, and the body is not to be gathered.
    pub(super) fn streams(&self) -> bool {
        self.head == Head::Streamed
    }

    fn is_headed(&self) -> bool {
        self.head != Head::Awaited
    }

    /// Gives the fields behind a body that is whole.
    pub(super) fn trailers(&self) -> Trailers {
        match &self.decoder {
            Decoder::Chunked(chunked) => chunked.trailers(),
            Decoder::Length { .. } | Decoder::UntilClosed { .. } => Trailers::new(),
        }
    }

    /// Understands `input` up to the end of the head; gives the answer without
    /// its body then, and what is behind the head.
    pub(super) fn feed_head<'a>(
        &mut self,
        mut input: &'a [u8],
    ) -> Result<Option<(Response, &'a [u8])>, ProtocolError> {
        loop {
            let before = self.pending.len();
            self.pending.extend_from_slice(input);
            let section = Section {
                start_line_bytes_max: self.bounds.head,
                bytes_max: self.bounds.head,
                kind: SectionKind::Head,
            };
            let end = self.scan.advance(&self.pending, &section);
            let Some(len) = end.map_err(of_an_answer)? else {
                return Ok(None);
            };
            input = input.get(len.saturating_sub(before)..).unwrap_or_default();
            self.pending.truncate(len);
            let head = parse::response(&self.pending)?;
            self.pending = Vec::new();
            self.scan = Scan::of_head();
            if let Some(response) = self.judge(head)? {
                return Ok(Some((response, input)));
            }
        }
    }

    /// Finds out what follows a head; gives the answer if it is the final one.
    fn judge(&mut self, head: ResponseHead) -> Result<Option<Response>, ProtocolError> {
        if head.code == SWITCHING_PROTOCOLS {
            return Err(ProtocolError::new(Place::StartLine, Fault::UpgradeUnasked));
        }
        if let 100..=199 = head.code {
            self.interim += 1;
            return if self.interim < INTERIM_MAX {
                Ok(None)
            } else {
                Err(ProtocolError::new(Place::Head, Fault::StatusLineMalformed))
            };
        }
        let status = StatusCode::new(head.code).ok_or(ProtocolError::new(
            Place::StartLine,
            Fault::StatusLineMalformed,
        ))?;
        let framing = if self.head_only || status.is_bodiless() {
            Framing::Length(0)
        } else {
            Framing::of(head.version, &head.headers)?
        };
        let streams = match framing {
            Framing::Unsaid => self.bounds.streams_above < usize::MAX,
            framing => framing.may_exceed(self.bounds.streams_above),
        };
        let room = if streams {
            self.bounds.streamed_body
        } else {
            self.bounds.body
        };
        self.decoder = decoder_of(framing, room)?;
        self.persists =
            framing != Framing::Unsaid && Sequel::of(head.version, &head.headers) != Sequel::Closes;
        self.head = if streams {
            Head::Streamed
        } else {
            Head::Gathered
        };
        let body = if streams {
            Content::Flowing(Later {
                length: framing.length(),
            })
        } else {
            self.body_of(&head)
        };
        let response = Response::received(status, head.headers).of_version(head.version);
        Ok(Some(response.with_body(body)))
    }

    /// Gives what stands for the body until that is there.
    fn body_of(&self, head: &ResponseHead) -> Content {
        if !self.head_only {
            return Content::default();
        }
        let length = match Framing::of(head.version, &head.headers) {
            Ok(Framing::Length(length)) => Some(length),
            // What is malformed there does no harm, and says nothing.
            Ok(Framing::Unsaid | Framing::Chunked) | Err(_) => None,
        };
        Content::Absent(Absent { length })
    }

    /// Understands `input`, which is what follows the head, and appends what
    /// belongs to the body to `body`.
    pub(super) fn feed_body(
        &mut self,
        input: &[u8],
        body: &mut Vec<u8>,
    ) -> Result<Progress, ProtocolError> {
        let consumed = match &mut self.decoder {
            Decoder::UntilClosed { room } => {
                *room = room.checked_sub(input.len() as u64).ok_or_else(too_large)?;
                body.extend_from_slice(input);
                return Ok(Progress::More);
            }
            Decoder::Length { left } => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX);
                let (taken, _) = input.split_at(count.min(input.len()));
                body.extend_from_slice(taken);
                *left -= taken.len() as u64;
                if *left > 0 {
                    return Ok(Progress::More);
                }
                taken.len()
            }
            Decoder::Chunked(chunked) => {
                let decoded = chunked.decode(input, body)?;
                if !decoded.finished {
                    return Ok(Progress::More);
                }
                decoded.consumed
            }
        };
        let beyond = consumed < input.len();
        Ok(Progress::Whole { beyond })
    }

    /// Says that nothing more comes; an error unless the answer is whole by that.
    pub(super) fn end(&self) -> Result<(), ProtocolError> {
        match self.decoder {
            Decoder::UntilClosed { .. } if self.is_headed() => Ok(()),
            _ if self.is_headed() => Err(ProtocolError::new(Place::Body, Fault::EndedEarly)),
            _ => Err(ProtocolError::new(Place::Head, Fault::EndedEarly)),
        }
    }
}

/// Gives what finds the end of a body that may have so many bytes.
fn decoder_of(framing: Framing, room: u64) -> Result<Decoder, ProtocolError> {
    Ok(match framing {
        Framing::Length(left) if left > room => return Err(too_large()),
        Framing::Length(left) => Decoder::Length { left },
        Framing::Chunked => Decoder::Chunked(Box::new(Chunked::new(room))),
        Framing::Unsaid => Decoder::UntilClosed { room },
    })
}

const fn too_large() -> ProtocolError {
    ProtocolError::new(Place::Body, Fault::BodyTooLarge)
}

/// Names a fault of the start line by what should have been there.
fn of_an_answer(error: ProtocolError) -> ProtocolError {
    let fault = match error.fault {
        Fault::RequestLineMalformed => Fault::StatusLineMalformed,
        Fault::RequestLineTooLong => Fault::HeadTooLarge,
        other => other,
    };
    ProtocolError::new(error.place, fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `bytes` cut at `cut`, and then their end; gives the body, or the fault.
    fn read(method: &Method, bytes: &[u8], cut: usize) -> Result<(u16, Vec<u8>, bool), Fault> {
        let gathered = read_as(usize::MAX, method, bytes, cut);
        assert_eq!(read_as(0, method, bytes, cut), gathered, "handed out");
        gathered
    }

    fn read_as(
        streams_above: usize,
        method: &Method,
        bytes: &[u8],
        cut: usize,
    ) -> Result<(u16, Vec<u8>, bool), Fault> {
        let bounds = AnswerBounds {
            head: 200,
            body: 20,
            streams_above,
            streamed_body: 20,
        };
        let mut reader = AnswerReader::new(method, bounds);
        let mut body = Vec::new();
        let (first, second) = bytes.split_at(cut);
        let mut status = None;
        for mut piece in [first, second] {
            if status.is_none() {
                let head = reader.feed_head(piece).map_err(|error| error.fault)?;
                let Some((response, behind)) = head else {
                    continue;
                };
                status = Some(response.status().code());
                let flows = matches!(response.content(), Content::Flowing(_));
                assert_eq!(flows, reader.streams());
                assert!(!flows || streams_above == 0);
                piece = behind;
            }
            let progress = reader.feed_body(piece, &mut body);
            if let Progress::Whole { beyond } = progress.map_err(|error| error.fault)? {
                let reusable = reader.persists() && !beyond;
                return Ok((status.unwrap(), body, reusable));
            }
        }
        reader.end().map_err(|error| error.fault)?;
        Ok((status.unwrap(), body, false))
    }

    /// The status, the body, and whether the connection may be used again.
    type Read<'a> = Result<(u16, &'a [u8], bool), Fault>;

    #[test]
    fn the_end_of_an_answer_is_found_wherever_it_is_cut() {
        let long = b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n".as_slice();
        let get = &Method::Get;
        let rows: [(&Method, &[u8], Read<'_>); 16] = [
            (get, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok((200, b"hello", true))),
            (get, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Ok((200, b"", true))),
            (get, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", Ok((200, b"hello", false))),
            (get, b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok((200, b"hello", false))),
            (get, b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", Ok((200, b"hello", true))),
            (get, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n", Ok((200, b"hello", true))),
            (get, b"HTTP/1.1 200 OK\r\n\r\nhello", Ok((200, b"hello", false))),
            (get, b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\n\r\n", Ok((204, b"", true))),
            (get, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", Ok((304, b"", true))),
            (&Method::Head, b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", Ok((200, b"", true))),
            (&Method::Head, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Ok((200, b"", true))),
            (get, long, Err(Fault::BodyTooLarge)),
            (get, b"HTTP/1.1 200 OK\r\n\r\n.....................", Err(Fault::BodyTooLarge)),
            (get, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", Err(Fault::EndedEarly)),
            (get, b"HTTP/1.1 101 Over\r\nUpgrade: x\r\n\r\n", Err(Fault::UpgradeUnasked)),
            (get, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Err(Fault::LengthWithCoding)),
        ];
        for (method, bytes, expected) in rows {
            let expected =
                expected.map(|(status, body, reusable)| (status, body.to_vec(), reusable));
            for cut in 0..=bytes.len() {
                let text = String::from_utf8_lossy(bytes);
                assert_eq!(read(method, bytes, cut), expected, "{text:?} at {cut}");
            }
        }
    }

    #[test]
    fn what_nobody_has_asked_for_is_seen() {
        let two = b"HTTP/1.1 204 None\r\n\r\nHTTP/1.1 204 None\r\n\r\n";
        assert_eq!(
            read(&Method::Get, two, two.len()),
            Ok((204, Vec::new(), false))
        );
    }

    #[test]
    fn a_head_is_bounded() {
        let mut bytes = b"HTTP/1.1 200 OK\r\nA: ".to_vec();
        bytes.resize(201, b'x');
        assert_eq!(read(&Method::Get, &bytes, 100), Err(Fault::HeadTooLarge));
        let line = [b'x'; 201];
        assert_eq!(read(&Method::Get, &line, 100), Err(Fault::HeadTooLarge));
    }
}
