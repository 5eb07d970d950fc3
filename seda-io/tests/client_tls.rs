//! Requests under TLS: whom a client believes, and answers that are cut short.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod calling;
mod certified;
mod serving;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

use calling::{Calling, Line, calling_by};
use certified::{client, file, server};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use seda_core::{Graph, Plan, Running};
use seda_io::Reactor;
use seda_io::http::{CallError, ClientLimits, Fault, HttpClient, HttpServer, Limits, Origin};
use seda_io::net::Names;
use seda_io::tls::{TlsClient, TlsServer};

/// An HTTPS server that echoes bodies.
fn site(tls: TlsServer) -> (Running, u16) {
    let mut graph = Graph::new("https");
    Reactor::install(&mut graph);
    let echo = serving::echo(&mut graph);
    let server = HttpServer::bind("127.0.0.1:0", Limits::default()).unwrap();
    let server = server.with_tls(tls);
    let port = server.local_address().ip().unwrap().port();
    server.attach(&mut graph, "https", &echo);
    (graph.start(Plan::default().workers(1)).unwrap(), port)
}

/// A client that finds hosts of any name on this machine.
fn calling(tls: TlsClient) -> Calling {
    calling_by(|graph| {
        let names = Names::attach_fn(graph, "names", |_| Ok(vec![Ipv4Addr::LOCALHOST.into()]));
        HttpClient::new(ClientLimits::default())
            .with_tls(tls)
            .with_names(&names)
    })
}

fn origin(host: &str, port: u16) -> Origin {
    Origin::parse(&format!("https://{host}:{port}")).unwrap()
}

#[test]
fn requests_share_a_connection_under_tls() {
    let (running, port) = site(server("server"));
    let calling = calling(client("authority.pem"));
    for (token, len) in [0, 1, 16_384, 1_000_000].into_iter().enumerate() {
        let body = vec![b'x'; len];
        let token = u32::try_from(token).unwrap();
        calling.post(&origin("localhost", port), token, body.clone());
        let (told, result) = calling.next();
        assert!(
            result.unwrap().body() == body && told == token,
            "{len} bytes"
        );
    }
    // By its address, too, which the certificate names.
    calling.post(&origin("127.0.0.1", port), 9, b"x".to_vec());
    assert_eq!(calling.body(), (9, "x".to_owned()));
    let figures = calling.end();
    assert_eq!((figures.dialled, figures.reused), (2, 3));
    running.drain(calling::PATIENCE).unwrap();
}

#[test]
fn who_is_not_who_it_should_be_gets_no_request() {
    let trusting = || client("authority.pem");
    let rows = [
        (
            server("server"),
            trusting(),
            "other.test",
            "not valid for name",
        ),
        (server("expired"), trusting(), "localhost", "expired"),
        (
            server("server"),
            client("client.pem"),
            "localhost",
            "unknownissuer",
        ),
    ];
    for (server, client, host, why) in rows {
        let (running, port) = site(server);
        let calling = calling(client);
        calling.get(&origin(host, port), 1);
        let CallError::Unsecured(text) = calling.error() else {
            panic!("{host} was believed");
        };
        assert!(text.to_lowercase().contains(why), "{text}");
        assert_eq!(calling.end().unsecured, 1);
        running.drain(calling::PATIENCE).unwrap();
    }
}

#[test]
fn a_server_may_want_to_know_who_asks() {
    let tls = server("server").with_client_roots(file("authority.pem"));
    let (running, port) = site(tls.unwrap());
    let known = client("authority.pem").with_identity(file("client.pem"), file("client.key"));
    let calling_known = calling(known.unwrap());
    calling_known.post(&origin("localhost", port), 1, b"x".to_vec());
    assert_eq!(calling_known.body(), (1, "x".to_owned()));
    calling_known.end();
    let unknown = calling(client("authority.pem"));
    unknown.get(&origin("localhost", port), 1);
    // The alert of the server, or what is left of the connection behind it.
    let error = unknown.error();
    assert!(
        matches!(error, CallError::Unsecured(_) | CallError::Broken(_)),
        "{error}"
    );
    unknown.end();
    running.drain(calling::PATIENCE).unwrap();
}

#[test]
fn a_server_that_speaks_no_tls_gets_no_request() {
    let (plain, server) = calling::serve([|line: &mut Line| {
        line.say("HTTP/1.1 400 Bad Request\r\n\r\n");
        line.end();
    }]);
    let calling = calling(client("authority.pem"));
    calling.get(&origin("127.0.0.1", plain.port()), 1);
    assert!(matches!(calling.error(), CallError::Unsecured(_)));
    calling.end();
    server.join().unwrap();
}

type Session = StreamOwned<ServerConnection, std::net::TcpStream>;

/// Serves one connection under TLS as it is told.
fn scripted(script: fn(&mut Session)) -> (u16, thread::JoinHandle<()>) {
    let chain = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let session = ServerConnection::new(Arc::new(config)).unwrap();
        script(&mut StreamOwned::new(session, listener.accept().unwrap().0));
    });
    (port, server)
}

fn answer(session: &mut Session, bytes: &[u8]) {
    use std::io::{Read, Write};
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        session.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    session.write_all(bytes).unwrap();
    session.flush().unwrap();
}

#[test]
fn an_answer_that_ends_with_the_connection_needs_the_farewell() {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nall of it?";
    let (port, server) = scripted(|session| {
        answer(session, ANSWER);
        session.conn.send_close_notify();
        session.conn.complete_io(&mut session.sock).unwrap();
    });
    let calling = calling(client("authority.pem"));
    calling.get(&origin("localhost", port), 1);
    assert_eq!(calling.body().1, "all of it?");
    server.join().unwrap();
    let (port, server) = scripted(|session| answer(session, ANSWER));
    calling.get(&origin("localhost", port), 2);
    assert_eq!(calling.error(), CallError::Broken(ErrorKind::UnexpectedEof));
    server.join().unwrap();
    // One that says its length is whole without.
    let (port, server) = scripted(|session| {
        answer(session, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
    });
    calling.get(&origin("localhost", port), 3);
    assert_eq!(calling.body().1, "yes");
    server.join().unwrap();
    let (port, server) = scripted(|session| {
        answer(session, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nyes");
    });
    calling.get(&origin("localhost", port), 4);
    let cut = calling.error();
    let early = matches!(&cut, CallError::Malformed(error) if error.fault == Fault::EndedEarly);
    assert!(
        early || cut == CallError::Broken(ErrorKind::UnexpectedEof),
        "{cut}"
    );
    server.join().unwrap();
    calling.end();
}
