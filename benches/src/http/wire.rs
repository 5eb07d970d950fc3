//! A connection to a server, plain or under TLS, that never blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, sockopt};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// The one suite that clients offer here. It is what OpenSSL and rustls agree on
/// when nobody has chosen another.
const SUITE: rustls::SupportedCipherSuite = ring::cipher_suite::TLS13_AES_256_GCM_SHA384;

/// Says where to connect, and how.
#[derive(Clone, Debug)]
pub struct Door {
    /// Where.
    pub address: SocketAddr,
    /// What TLS is agreed on with, where there is any.
    pub tls: Option<Arc<ClientConfig>>,
    /// The address to come from, if that matters: there are only so many ports on each.
    pub from: Option<IpAddr>,
}

impl Door {
    /// Is one without TLS.
    pub const fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            tls: None,
            from: None,
        }
    }

    /// Is one with TLS 1.3 and the one suite of all measurements.
    ///
    /// # Errors
    ///
    /// When the authority of the tests cannot be read.
    pub fn secured(address: SocketAddr) -> io::Result<Self> {
        let tls = Some(Arc::new(tls13()?));
        Ok(Self {
            tls,
            ..Self::plain(address)
        })
    }
}

fn tls13() -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(certificate("authority.pem"));
    roots
        .add(authority.map_err(io::Error::other)?)
        .map_err(io::Error::other)?;
    let mut provider = ring::default_provider();
    provider.cipher_suites = vec![SUITE];
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Begins a client's side of TLS.
///
/// # Errors
///
/// When the configuration does not allow any session.
pub fn session(config: &Arc<ClientConfig>) -> io::Result<ClientConnection> {
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)
}

/// Names a file of the certificates that tests use; they protect nothing.
pub fn certificate(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../seda-io/tests/certificates");
    directory.join(name)
}

/// Is a connection.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
}

impl Wire {
    /// Begins to connect.
    ///
    /// # Errors
    ///
    /// Those of `connect`(2), but that it goes on.
    pub fn open(door: &Door) -> io::Result<Self> {
        let stream = match door.from {
            None => TcpStream::connect(door.address)?,
            Some(from) => connect(door.address, from)?,
        };
        stream.set_nodelay(true)?;
        let tls = door.tls.as_ref().map(session).transpose()?.map(Box::new);
        Ok(Self { stream, tls })
    }

    /// Has everything that happens on it reported under a number.
    ///
    /// # Errors
    ///
    /// Those of `epoll_ctl`(2).
    pub fn register(&mut self, registry: &Registry, index: usize) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut self.stream, Token(index), both)
    }

    /// Tells whether there may be more behind a read that did not fill its space.
    pub const fn has_records(&self) -> bool {
        self.tls.is_some()
    }

    /// Says that nothing more will be sent.
    ///
    /// # Errors
    ///
    /// Those of `shutdown`(2).
    pub(crate) fn half_close(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Has its end be a reset.
    ///
    /// # Errors
    ///
    /// Those of `setsockopt`(2).
    pub(crate) fn reset_at_end(&self) -> io::Result<()> {
        Ok(sockopt::set_socket_linger(
            &self.stream,
            Some(Duration::ZERO),
        )?)
    }

    /// Reads bytes and throws them away; returns how many. Where there is no
    /// TLS, the kernel does not even copy them into `space`.
    ///
    /// # Errors
    ///
    /// Those of `recv`(2).
    pub fn discard(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if self.tls.is_some() {
            return self.read(space);
        }
        let (_, count) = rustix::net::recv(&self.stream, space, RecvFlags::TRUNC)?;
        Ok(count)
    }
}

/// Begins to connect from some address.
fn connect(to: SocketAddr, from: IpAddr) -> io::Result<TcpStream> {
    let family = match from {
        IpAddr::V4(_) => AddressFamily::INET,
        IpAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    rustix::net::bind(&socket, &SocketAddr::new(from, 0))?;
    match rustix::net::connect(&socket, &to) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(TcpStream::from_std(socket.into())),
        Err(error) => Err(error.into()),
    }
}

impl Read for Wire {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return self.stream.read(space);
        };
        loop {
            match tls.reader().read(space) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            while tls.wants_write() {
                tls.write_tls(&mut self.stream)?;
            }
            if tls.read_tls(&mut self.stream)? == 0 {
                return Ok(0);
            }
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

impl Write for Wire {
    /// Takes bytes that may leave with the next call.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return self.stream.write(bytes);
        };
        while tls.is_handshaking() {
            tls.complete_io(&mut self.stream)?;
        }
        let count = tls.writer().write(bytes)?;
        match self.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(count),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        while tls.wants_write() {
            tls.write_tls(&mut self.stream)?;
        }
        Ok(())
    }
}
