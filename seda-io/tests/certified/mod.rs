//! Who is who in tests of TLS, and a peer that speaks it over a socket of its own.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses a part of it, and stops at the first thing that is not as it must be"
)]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use seda_io::tls::{TlsClient, TlsServer};

const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/certificates")
        .join(name)
}

/// A server that shows this certificate.
pub(crate) fn server(name: &str) -> TlsServer {
    TlsServer::from_pem(file(&format!("{name}.pem")), file(&format!("{name}.key"))).unwrap()
}

/// A client that trusts this authority.
pub(crate) fn client(authority: &str) -> TlsClient {
    TlsClient::from_pem(file(authority)).unwrap()
}

/// A client of a library, by which a test says what goes over the wire.
pub(crate) type Peer = StreamOwned<ClientConnection, Drip>;

/// Connects to `address`, writing so many bytes at once.
pub(crate) fn peer(address: &str, most: usize) -> Peer {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(file("authority.pem")).unwrap();
    roots.add(authority).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    StreamOwned::new(session, Drip { socket, most })
}

/// A socket into which so many bytes go at once.
pub(crate) struct Drip {
    pub(crate) socket: TcpStream,
    most: usize,
}

impl Read for Drip {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.socket.read(space)
    }
}

impl Write for Drip {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (some, _) = bytes.split_at(bytes.len().min(self.most));
        self.socket.write(some)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
