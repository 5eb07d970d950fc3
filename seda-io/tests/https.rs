//! HTTP under TLS: identities, client certificates, renewal, and peers that speak something else.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use parking_lot::Mutex;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use seda_core::{Graph, Plan, Stage};
use seda_io::Reactor;
use seda_io::http::{
    Exchange, Flow, HttpServer, InflowEvent, Limits, StaticFiles, Tallies, Upgrade,
};
use seda_io::tls::TlsServer;
use serving::{PATIENCE, echo, wait_until};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn certificate(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
    directory.join(name)
}

fn tls() -> TlsServer {
    TlsServer::from_pem(certificate("server.pem"), certificate("server.key")).unwrap()
}

/// An HTTPS server that echoes bodies, with one worker.
struct Site {
    running: seda_core::Running,
    address: SocketAddr,
    tallies: Tallies,
}

impl Site {
    fn serve(tls: TlsServer) -> Self {
        let mut graph = Graph::new("https");
        let stage = echo(&mut graph);
        Self::of(graph, &stage, tls)
    }

    fn of(
        mut graph: Graph,
        stage: &seda_core::Stage<seda_io::http::Exchange>,
        tls: TlsServer,
    ) -> Self {
        Reactor::install(&mut graph);
        let server = HttpServer::bind("127.0.0.1:0", Limits::default()).unwrap();
        let server = server.with_tls(tls);
        let address = server.local_address().ip().unwrap();
        let tallies = server.attach(&mut graph, "https", stage);
        let running = graph.start(Plan::default().workers(1)).unwrap();
        Self {
            running,
            address,
            tallies,
        }
    }

    fn end(&self) {
        let ledger = self.running.drain(PATIENCE).unwrap();
        assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    }
}

/// Whom a client trusts and who it says it is.
fn client_config(identity: Option<&str>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(certificate("authority.pem")).unwrap();
    roots.add(authority).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    match identity {
        None => builder.with_no_client_auth(),
        Some(name) => {
            let chain = CertificateDer::from_pem_file(certificate(&format!("{name}.pem")));
            let key = PrivateKeyDer::from_pem_file(certificate(&format!("{name}.key")));
            builder
                .with_client_auth_cert(vec![chain.unwrap()], key.unwrap())
                .unwrap()
        }
    }
}

type Client = StreamOwned<ClientConnection, Drip>;

fn connect(address: SocketAddr, name: &str, config: ClientConfig) -> Client {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(session, Drip::to(address, usize::MAX))
}

/// A socket into which so many bytes go at once.
struct Drip {
    socket: TcpStream,
    most: usize,
}

impl Drip {
    fn to(address: SocketAddr, most: usize) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket, most }
    }
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

/// Sends a body and reads as long an answer.
fn post(client: &mut Client, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes()).unwrap();
    client.write_all(body).unwrap();
    client.flush().unwrap();
    answer(client, body.len())
}

/// Reads an answer with a body of `len` bytes.
fn answer(client: &mut Client, len: usize) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 200 "), "{head:?}");
    let mut body = vec![0; len];
    client.read_exact(&mut body).unwrap();
    body
}

/// Asks for something and gives why that failed.
fn failure(client: &mut Client) -> io::Error {
    let asked = client.write_all(GET).and_then(|()| client.flush());
    let mut space = [0; 64];
    asked
        .and_then(|()| match client.read(&mut space) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            other => other,
        })
        .unwrap_err()
}

#[test]
fn requests_follow_each_other_under_tls() {
    let site = Site::serve(tls());
    let mut client = connect(site.address, "localhost", client_config(None));
    for len in [0, 1, 5, 1_000, 16_384, 16_385, 1_000_000] {
        let body: Vec<u8> = (0..=255).cycle().take(len).collect();
        assert!(post(&mut client, &body) == body, "{len} bytes");
    }
    assert_eq!(client.conn.alpn_protocol(), None, "none was offered");
    client.conn.send_close_notify();
    drop(client);
    site.end();
    assert_eq!(site.tallies.read().requests, 7);
}

#[test]
fn a_handshake_may_come_byte_by_byte() {
    let site = Site::serve(tls());
    let mut client = connect(site.address, "localhost", client_config(None));
    client.sock.most = 1;
    assert_eq!(post(&mut client, b"hello"), b"hello");
    drop(client);
    site.end();
}

#[test]
fn the_protocol_is_agreed_on_by_name() {
    let site = Site::serve(tls());
    let mut config = client_config(None);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut client = connect(site.address, "localhost", config);
    assert_eq!(post(&mut client, b"x"), b"x");
    assert_eq!(client.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    let mut config = client_config(None);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut other = connect(site.address, "localhost", config);
    failure(&mut other);
    drop((client, other));
    site.end();
}

#[test]
fn a_large_file_arrives_whole_at_a_slow_reader() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("https-file");
    fs::create_dir_all(&directory).unwrap();
    let bytes: Vec<u8> = (0_u32..2_000_000).flat_map(u32::to_le_bytes).collect();
    fs::write(directory.join("large"), &bytes).unwrap();
    let mut graph = Graph::new("https");
    let files = StaticFiles::of(&directory).unwrap();
    let files = files.attach(&mut graph, "files");
    let site = Site::of(graph, &files.stage, tls());
    let mut slow = connect(site.address, "localhost", client_config(None));
    slow.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    // The server has filled the socket when others are served.
    let mut quick = connect(site.address, "localhost", client_config(None));
    quick
        .write_all(b"GET /large HTTP/1.1\r\nHost: a\r\nRange: bytes=4-7\r\n\r\n")
        .unwrap();
    let mut part = Vec::new();
    while !part.ends_with(b"\r\n\r\n\x01\0\0\0") {
        let mut byte = [0];
        quick.read_exact(&mut byte).unwrap();
        part.extend(byte);
    }
    assert!(answer(&mut slow, bytes.len()) == bytes);
    drop((slow, quick));
    site.end();
}

#[test]
fn the_name_that_is_asked_for_decides_who_answers() {
    let tls = tls()
        .with_identity(
            "Other.Test",
            certificate("other.pem"),
            certificate("other.key"),
        )
        .unwrap();
    let site = Site::serve(tls);
    for name in ["localhost", "other.test"] {
        let mut client = connect(site.address, name, client_config(None));
        assert_eq!(post(&mut client, b"x"), b"x", "{name}");
    }
    let mut stranger = connect(site.address, "unknown.test", client_config(None));
    assert!(failure(&mut stranger).to_string().contains("certificate"));
    drop(stranger);
    site.end();
}

#[test]
fn a_client_without_the_certificate_that_is_asked_for_is_not_served() {
    let tls = tls().with_client_roots(certificate("authority.pem"));
    let site = Site::serve(tls.unwrap());
    let mut known = connect(site.address, "localhost", client_config(Some("client")));
    assert_eq!(post(&mut known, b"x"), b"x");
    // One without, and one with a certificate that is not for clients.
    for identity in [None, Some("server")] {
        let mut unknown = connect(site.address, "localhost", client_config(identity));
        failure(&mut unknown);
    }
    wait_until("both were counted", || site.tallies.read().tls_failed == 2);
    drop(known);
    site.end();
}

#[test]
fn a_renewed_certificate_is_shown_after_a_reload() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("https-reload");
    fs::create_dir_all(&directory).unwrap();
    let (chain, key) = (directory.join("chain.pem"), directory.join("key.pem"));
    let install = |name: &str| {
        fs::copy(certificate(&format!("{name}.pem")), &chain).unwrap();
        fs::copy(certificate(&format!("{name}.key")), &key).unwrap();
    };
    install("server");
    let tls = TlsServer::from_pem(&chain, &key).unwrap();
    let site = Site::serve(tls.clone());
    let mut old = connect(site.address, "localhost", client_config(None));
    assert_eq!(post(&mut old, b"x"), b"x");
    fs::copy(certificate("other.key"), &key).unwrap();
    let error = tls.reload().unwrap_err().to_string();
    assert!(error.contains("key.pem"), "{error}");
    let mut same = connect(site.address, "localhost", client_config(None));
    assert_eq!(post(&mut same, b"x"), b"x", "the old one stays");
    install("other");
    tls.reload().unwrap();
    let mut new = connect(site.address, "other.test", client_config(None));
    assert_eq!(post(&mut new, b"x"), b"x");
    assert_eq!(post(&mut old, b"x"), b"x", "who is connected goes on");
    drop((old, same, new));
    site.end();
}

#[test]
fn who_speaks_something_else_is_shown_the_door_and_counted() {
    let site = Site::serve(tls());
    let garbage: [&[u8]; 4] = [
        GET,
        b"\x16\x03\x01\xff\xff",
        &[0; 1_000],
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    ];
    for bytes in garbage {
        let mut socket = Drip::to(site.address, usize::MAX);
        socket.write_all(bytes).unwrap();
        socket.socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    }
    wait_until("all have gone", || site.tallies.read().closed == 4);
    assert!(site.tallies.read().tls_failed >= 3);
    let mut client = connect(site.address, "localhost", client_config(None));
    assert_eq!(post(&mut client, b"x"), b"x");
    drop(client);
    site.end();
}

#[test]
fn a_bad_file_is_named_with_what_is_wrong() {
    let missing = TlsServer::from_pem("nowhere.pem", certificate("server.key"));
    let no_pem = TlsServer::from_pem(certificate("make"), certificate("server.key"));
    let no_key = TlsServer::from_pem(certificate("server.pem"), certificate("server.pem"));
    let other_key = TlsServer::from_pem(certificate("server.pem"), certificate("other.key"));
    let roots = tls().with_client_roots(certificate("make"));
    let rows = [
        (missing, "nowhere.pem: "),
        (no_pem, "make: it holds no certificate"),
        (no_key, "server.pem: "),
        (other_key, "other.key: "),
        (roots, "make: it holds no certificate"),
    ];
    for (result, expected) in rows {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// Adds a stage that upgrades, and one that sends all back and tells how each peer ends.
fn upgrading(graph: &mut Graph, ends: mpsc::Sender<&'static str>) -> Stage<Exchange> {
    let flows = Arc::new(Mutex::new(HashMap::<u64, Flow>::new()));
    let spoken = Arc::clone(&flows);
    let echo = graph.stage("echo").each(move |event: InflowEvent| {
        let flow = spoken.lock().remove(&event.number()).unwrap();
        match event {
            InflowEvent::Data(number, piece) => {
                flow.send(piece.into_vec())?;
                spoken.lock().insert(number, flow);
            }
            InflowEvent::End(..) => {
                flow.finish()?;
                ends.send("farewell")?;
            }
            InflowEvent::Failed(..) => ends.send("failure")?,
        }
        Ok(())
    });
    graph.stage("requests").each_with(|wire| {
        let (echo, flows) = (wire.to(&echo), Arc::clone(&flows));
        move |exchange: Exchange| {
            let (flow, inflow) = exchange.upgrade(Upgrade::to("echo")?).unwrap();
            flows.lock().insert(flow.number(), flow);
            inflow.tell(&echo);
            Ok(())
        }
    })
}

#[test]
fn another_protocol_under_tls_ends_with_a_farewell_or_has_failed() {
    const ASKS: &[u8] =
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nfirst";
    let (tell, ends) = mpsc::channel();
    let mut graph = Graph::new("https");
    let stage = upgrading(&mut graph, tell);
    let site = Site::of(graph, &stage, tls());
    for says_farewell in [true, false] {
        let mut client = connect(site.address, "localhost", client_config(None));
        client.write_all(ASKS).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nfirst") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101 "));
        let long: Vec<_> = (0..200_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        client.write_all(&long).unwrap();
        let mut echoed = vec![0; long.len()];
        client.read_exact(&mut echoed).unwrap();
        assert!(echoed == long);
        if says_farewell {
            client.conn.send_close_notify();
            client.flush().unwrap();
            assert_eq!(client.read(&mut [0]).unwrap(), 0, "and so does the server");
        } else {
            client.sock.socket.shutdown(Shutdown::Write).unwrap();
        }
        let told = ends.recv_timeout(PATIENCE).unwrap();
        assert_eq!(told == "farewell", says_farewell, "{told}");
    }
    site.end();
}
