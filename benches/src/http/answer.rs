//! Finds the end of an answer, and whether it is the right one.

/// What every server says to `GET /`.
pub const HELLO: &str = "Hello, world!";

/// What a server says that has been told to refuse everything.
pub const BUSY: &str = "the service is busy; try again later\n";

/// Header fields of an answer, more than any of the servers sends.
const HEADERS_MAX: usize = 32;

/// Is an answer whose head is in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Bytes of its head.
    pub head: usize,
    /// Bytes of its body, of which any number may still be on its way.
    pub body: usize,
    /// Its status.
    pub status: u16,
}

impl Answer {
    /// Reads the head of the answer that `bytes` begin with; nothing when it is not whole.
    ///
    /// # Errors
    ///
    /// When the bytes are no answer, or one that does not say its length.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, String> {
        let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut parsed = httparse::Response::new(&mut fields);
        let head = match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(head)) => head,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(format!("not an answer: {error}")),
        };
        let mut fields = parsed.headers.iter();
        let length = fields.find(|field| field.name.eq_ignore_ascii_case("content-length"));
        let length = length.and_then(|field| str::from_utf8(field.value).ok()?.parse().ok());
        let body: usize = length.ok_or("an answer without a length")?;
        let status = parsed.code.ok_or("an answer without a status")?;
        Ok(Some(Self { head, body, status }))
    }

    /// Gives the bytes of its head and its body.
    pub const fn bytes(&self) -> usize {
        self.head + self.body
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1";
        for part in 0..38 {
            assert_eq!(Answer::read(&bytes[..part]), Ok(None), "{part}");
        }
        let answer = Answer::read(&bytes[..38]).unwrap().unwrap();
        let whole = Answer {
            head: 38,
            body: 2,
            status: 200,
        };
        assert_eq!((answer, answer.bytes()), (whole, 40));
    }

    #[test]
    fn other_statuses_and_other_bytes_are_told_apart() {
        let busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(
            Answer::read(busy).unwrap().map(|busy| busy.status),
            Some(503)
        );
        assert!(Answer::read(b"SSH-2.0-x\r\n").is_err());
        assert!(Answer::read(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
