//! A small blocking client, for command lines and tests.
//!
//! One connection per request, so there is nothing to pool and nothing to reuse
//! wrongly. It does not follow redirects and speaks no TLS.

use std::error::Error;
use std::fmt;
use std::io::{self, Read, Write};
use std::mem;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::answer::{AnswerBounds, AnswerReader, Progress};
use super::ask::{Afterwards, request_head};
use super::fault::ProtocolError;
use super::headers::HEADER_BYTES_MAX;
use super::message::{Request, Response};

/// For one address to accept the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For each next part of the answer, and for the server to take each part of the request.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes, 16 MiB: of an answer that is kept in memory.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What is not kept may be of any length.
const BOUNDS: AnswerBounds = AnswerBounds {
    head: HEADER_BYTES_MAX,
    body: u64::MAX,
    streams_above: usize::MAX,
    streamed_body: u64::MAX,
};
/// Bytes, 16 KiB: read at once.
const READ_BYTES: usize = 16 * 1024;

/// A client of one server.
///
/// # Examples
///
/// ```no_run
/// use seda_io::http::{Client, Method, Request, Target};
///
/// let client = Client::new("127.0.0.1:8080");
/// let target = Target::parse("/jobs").ok_or("not a target")?;
/// let answer = client.send(&Request::new(Method::Get, target))?;
/// println!("{}", answer.status());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    authority: String,
    connect_timeout: Duration,
    read_timeout: Duration,
    body_bytes_max: usize,
}

impl Client {
    /// Makes a client of the server at `authority`, a host and a port: `localhost:8080`.
    pub fn new(authority: impl Into<String>) -> Self {
        Self {
            authority: authority.into(),
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: READ_TIMEOUT,
            body_bytes_max: BODY_BYTES_MAX,
        }
    }

    /// Sets how long each address of the server may take to accept; 5 s at first.
    #[must_use]
    pub const fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long the server may be silent; 30 s at first.
    #[must_use]
    pub const fn with_read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets how many bytes of a body are kept in memory; 16 MiB at first.
    #[must_use]
    pub const fn with_body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// Sends a request and returns the answer, whatever its status, with its body.
    ///
    /// # Blocking
    ///
    /// Until the whole answer has come or a timeout has passed.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no whole and well-formed answer.
    pub fn send(&self, request: &Request) -> Result<Response, ClientError> {
        let mut exchange = self.start(request)?;
        let answer = exchange.read_head()?;
        self.keep_body(exchange, answer)
    }

    /// Sends a request and writes the body of a successful answer to `sink` as it comes.
    ///
    /// The body of any other answer is a message about the failure: it is kept
    /// in the answer that is returned, and `sink` gets nothing.
    ///
    /// # Blocking
    ///
    /// Until the whole answer has come or a timeout has passed.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no whole and well-formed answer, or `sink`
    /// fails; a part of the body may have been written then.
    pub fn stream(&self, request: &Request, sink: &mut dyn Write) -> Result<Response, ClientError> {
        let mut exchange = self.start(request)?;
        let answer = exchange.read_head()?;
        if !answer.status().is_success() {
            return self.keep_body(exchange, answer);
        }
        exchange.read_body(|piece| sink.write_all(piece).map_err(ClientError::Sink))?;
        Ok(answer)
    }

    fn keep_body(&self, exchange: Exchange, answer: Response) -> Result<Response, ClientError> {
        let mut body = Vec::new();
        let bytes_max = self.body_bytes_max;
        exchange.read_body(|piece| {
            body.extend_from_slice(piece);
            if body.len() > bytes_max {
                Err(ClientError::TooLarge { bytes_max })
            } else {
                Ok(())
            }
        })?;
        Ok(answer.with_body(body))
    }

    fn start(&self, request: &Request) -> Result<Exchange, ClientError> {
        let mut stream = self.connect()?;
        let mut message = request_head(request, &self.authority, Afterwards::Close);
        message.extend_from_slice(request.body());
        let sent = stream.write_all(&message);
        let mut exchange = Exchange {
            stream,
            received: Vec::new(),
            reader: AnswerReader::new(request.method(), BOUNDS),
        };
        // A server may answer and stop reading before it has the whole body:
        // its answer says more than the broken pipe does.
        match sent {
            Err(error) if exchange.fill().unwrap_or(0) == 0 => Err(ClientError::Exchange(error)),
            _ => Ok(exchange),
        }
    }

    fn connect(&self) -> Result<TcpStream, ClientError> {
        let unreachable = |reason| ClientError::Unreachable {
            authority: self.authority.clone(),
            reason,
        };
        let addresses = self.authority.to_socket_addrs().map_err(unreachable)?;
        let mut reason = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match self.connect_to(&address) {
                Ok(stream) => return Ok(stream),
                Err(error) => reason = error,
            }
        }
        Err(unreachable(reason))
    }

    fn connect_to(&self, address: &SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(address, self.connect_timeout)?;
        stream.set_read_timeout(Some(self.read_timeout))?;
        stream.set_write_timeout(Some(self.read_timeout))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// One connection with its request sent.
struct Exchange {
    stream: TcpStream,
    /// Bytes that were read and not yet understood.
    received: Vec<u8>,
    reader: AnswerReader,
}

impl Exchange {
    /// Reads more bytes; zero at the end.
    fn fill(&mut self) -> Result<usize, ClientError> {
        let mut block = [0; READ_BYTES];
        let count = loop {
            match self.stream.read(&mut block) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(ClientError::Exchange)?,
            }
        };
        self.received
            .extend_from_slice(block.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn read_head(&mut self) -> Result<Response, ClientError> {
        loop {
            let received = mem::take(&mut self.received);
            let head = self.reader.feed_head(&received);
            if let Some((answer, behind)) = head.map_err(ClientError::Malformed)? {
                self.received = behind.to_vec();
                return Ok(answer);
            }
            if self.fill()? == 0 {
                let error = self.reader.end().err();
                let broken = || ClientError::Exchange(io::ErrorKind::UnexpectedEof.into());
                return Err(error.map_or_else(broken, ClientError::Malformed));
            }
        }
    }

    /// Reads the body to its end and hands its pieces over.
    fn read_body(
        mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), ClientError>,
    ) -> Result<(), ClientError> {
        let mut piece = Vec::new();
        loop {
            let progress = self.reader.feed_body(&self.received, &mut piece);
            let progress = progress.map_err(ClientError::Malformed)?;
            self.received.clear();
            take(&piece)?;
            piece.clear();
            if progress != Progress::More {
                return Ok(());
            }
            if self.fill()? == 0 {
                return self.reader.end().map_err(ClientError::Malformed);
            }
        }
    }
}

/// Says why there is no answer. An answer of status 4xx or 5xx is one.
#[derive(Debug)]
pub enum ClientError {
    /// No address of the server could be found or accepted the connection.
    Unreachable {
        /// Host and port, as given.
        authority: String,
        /// The reason of the last address tried.
        reason: io::Error,
    },
    /// The connection failed or was silent for too long.
    Exchange(io::Error),
    /// The answer is not well-formed, or ended too early.
    Malformed(ProtocolError),
    /// The body is longer than is kept in memory.
    TooLarge {
        /// The most bytes that are kept.
        bytes_max: usize,
    },
    /// The body could not be written to where it should go.
    Sink(io::Error),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { authority, reason } => {
                write!(
                    f,
                    "cannot reach {authority}: {reason}; is the server running there?"
                )
            }
            Self::Exchange(error) if is_timeout(error) => {
                f.write_str("the server was silent for too long")
            }
            Self::Exchange(error) => write!(f, "the connection to the server failed: {error}"),
            Self::Malformed(error) => write!(f, "the server's answer is malformed: {error}"),
            Self::TooLarge { bytes_max } => {
                write!(f, "the server's answer is longer than {bytes_max} bytes")
            }
            Self::Sink(error) => write!(f, "cannot write the answer: {error}"),
        }
    }
}

impl Error for ClientError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreachable { reason, .. } => Some(reason),
            Self::Exchange(error) | Self::Sink(error) => Some(error),
            Self::Malformed(error) => Some(error),
            Self::TooLarge { .. } => None,
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
