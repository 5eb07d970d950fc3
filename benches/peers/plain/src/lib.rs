//! HTTP/1.1 for the peers that bring none: httparse, the limits of our server, one page.
//!
//! What a ceiling needs and no more: no deadlines, no bodies of requests, no
//! statistics. A peer reads bytes, [`parse`]s them and has [`Pages::answer`] write.

use std::io;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::net::{AddressFamily, SocketType, sockopt};

/// Bytes of a head, as in our server.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Header fields, as in our server.
const HEADERS_MAX: usize = 100;
/// Connections that wait to be accepted, as in our server.
const BACKLOG: i32 = 1_024;

/// What all servers say.
pub const HELLO: &str = "Hello, world!";

/// Listens on the port that is the first word of the command line.
///
/// # Errors
///
/// When the word is no port, or the port is not to be had.
pub fn listen() -> io::Result<TcpListener> {
    let port = std::env::args().nth(1).and_then(|word| word.parse().ok());
    listen_on(port.ok_or_else(|| io::Error::other("say the port to listen on"))?)
}

/// Listens on a port of this machine alone; with 0, on one that is free.
///
/// # Errors
///
/// When the port is not to be had.
pub fn listen_on(port: u16) -> io::Result<TcpListener> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    // Connections inherit it, which saves a call for each.
    sockopt::set_tcp_nodelay(&socket, true)?;
    rustix::net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

/// Is what a request asks for.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    page: Page,
    /// Whether the connection ends behind the answer.
    pub closes: bool,
}

impl Ask {
    /// Tells whether it is for the one page that there is.
    #[must_use]
    pub fn is_hello(self) -> bool {
        matches!(self.page, Page::Hello)
    }
}

#[derive(Clone, Copy, Debug)]
enum Page {
    Hello,
    Missing,
    Bad,
    TooLarge,
    /// A request with a body, which no benchmark sends.
    Unsupported,
}

/// Finds the first request in `bytes`, and its length; nothing when it is not whole.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<(usize, Ask)> {
    let refused = |page| Some((bytes.len(), Ask { page, closes: true }));
    let mut fields = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut []);
    let len = match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete(len)) if len <= HEAD_BYTES_MAX => len,
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => return None,
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return refused(Page::TooLarge),
        Err(_) => return refused(Page::Bad),
    };
    let mut closes = request.version == Some(0);
    for field in request.headers.iter() {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        if is("connection") {
            closes = field.value.eq_ignore_ascii_case(b"close")
                || (closes && !field.value.eq_ignore_ascii_case(b"keep-alive"));
        } else if is("transfer-encoding") || (is("content-length") && field.value != b"0") {
            return refused(Page::Unsupported);
        }
    }
    let page = if request.path == Some("/") {
        Page::Hello
    } else {
        Page::Missing
    };
    Some((len, Ask { page, closes }))
}

/// Writes answers, with a date that is formatted once a second.
#[derive(Debug, Default)]
pub struct Pages {
    second: u64,
    date: String,
}

impl Pages {
    /// Looks at the clock: once for each turn of an event loop.
    pub fn tick(&mut self) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let second = since.unwrap_or_default().as_secs();
        if self.second != second {
            self.second = second;
            self.date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
        }
    }

    /// Appends the answer to `out`.
    pub fn answer(&self, ask: Ask, out: &mut Vec<u8>) {
        let (status, body) = match ask.page {
            Page::Hello => ("200 OK", HELLO),
            Page::Missing => ("404 Not Found", "not found\n"),
            Page::Bad => ("400 Bad Request", "malformed\n"),
            Page::TooLarge => ("431 Request Header Fields Too Large", "too large\n"),
            Page::Unsupported => ("501 Not Implemented", "no bodies here\n"),
        };
        let length = decimal(body.len());
        let connection = if ask.closes {
            "\r\nConnection: close\r\n\r\n"
        } else {
            "\r\n\r\n"
        };
        for part in [
            "HTTP/1.1 ",
            status,
            "\r\nDate: ",
            &self.date,
            "\r\nContent-Type: text/plain\r\nContent-Length: ",
        ] {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(&length);
        out.extend_from_slice(connection.as_bytes());
        out.extend_from_slice(body.as_bytes());
    }
}

/// Writes a number below 100, as all lengths here are.
fn decimal(n: usize) -> [u8; 2] {
    let digit = |n: usize| b'0' + u8::try_from(n % 10).unwrap_or(0);
    [digit(n / 10), digit(n)]
}
