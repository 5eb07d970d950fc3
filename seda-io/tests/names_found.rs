//! Hosts by their names: looked up off the worker, remembered, and tried address by address.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod calling;
mod streaming;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, TcpListener};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use calling::{Calling, Line, calling_by, serve};
use seda_core::{Graph, Plan};
use seda_io::Reactor;
use seda_io::http::{CallError, ClientLimits, HttpClient, Origin};
use seda_io::net::{Address, Names};
use seda_io::stream::{Connector, Dialler, End, Limits};
use streaming::{PATIENCE, tell};

fn calling_with(
    look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
) -> (Calling, Names) {
    let mut names = None;
    let calling = calling_by(|graph| {
        let made = Names::attach_fn(graph, "names", look_up);
        let client = HttpClient::new(ClientLimits::default()).with_names(&made);
        names = Some(made);
        client
    });
    (calling, names.unwrap())
}

fn addresses(all: &[&str]) -> Vec<IpAddr> {
    all.iter().map(|address| address.parse().unwrap()).collect()
}

fn at_port(host: &str, origin: &Origin) -> Origin {
    Origin::parse(&format!("http://{host}:{}", origin.port())).unwrap()
}

#[test]
fn a_name_is_looked_up_once_and_its_addresses_are_tried_in_turn() {
    let (calling, names) = calling_with(|host| {
        assert_eq!(host, "somewhere.test");
        Ok(addresses(&["127.0.0.9", "127.0.0.8", "127.0.0.1"]))
    });
    let (origin, server) = serve([
        |line: &mut Line| {
            let head = line.request();
            line.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            assert!(head.contains("Host: somewhere.test:"), "{head}");
        },
        Line::echo,
    ]);
    let origin = at_port("SOMEWHERE.test", &origin);
    calling.get(&origin, 1);
    assert_eq!(calling.body(), (1, String::new()));
    calling.get(&origin, 2);
    assert_eq!(calling.body().0, 2);
    let figures = calling.end();
    assert_eq!((figures.dialled, figures.failed), (2, 0));
    let counts = names.counts();
    assert_eq!((counts.looked_up, counts.hits, counts.failed), (1, 1, 0));
    server.join().unwrap();
}

#[test]
fn a_name_without_an_address_is_named_with_the_reason() {
    let (calling, names) = calling_with(|host| match host {
        "empty.test" => Ok(Vec::new()),
        _ => Err(io::Error::other("the oracle is silent")),
    });
    let rows = [
        (
            "empty.test",
            "no address of `empty.test` is known: the name has no address",
        ),
        (
            "gone.test",
            "no address of `gone.test` is known: the oracle is silent",
        ),
    ];
    for (host, text) in rows {
        calling.get(&Origin::parse(&format!("http://{host}")).unwrap(), 1);
        let error = calling.error();
        assert!(matches!(error, CallError::Unresolved(_)));
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(names.counts().failed, 2);
    assert_eq!(calling.end().unconnected, 2);
}

#[test]
fn a_lookup_that_fails_hard_is_answered_all_the_same() {
    let (calling, _) = calling_with(|_| panic!("the oracle has died"));
    calling.get(&Origin::parse("http://somewhere.test").unwrap(), 1);
    assert!(matches!(calling.error(), CallError::Unresolved(_)));
    let ledger = calling.running.drain(PATIENCE).unwrap();
    assert!(ledger.balances(), "{ledger}");
}

#[test]
fn without_names_only_addresses_are_known() {
    let calling = calling::calling(ClientLimits::default());
    calling.get(&Origin::parse("http://somewhere.test").unwrap(), 1);
    let error = calling.error().to_string();
    assert!(error.contains("attach `Names`"), "{error}");
    calling.end();
}

#[test]
fn a_worker_goes_on_while_a_name_is_looked_up() {
    let (go, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let (calling, _) = calling_with(move |_| {
        gone.lock().unwrap().recv().unwrap();
        Ok(addresses(&["127.0.0.1"]))
    });
    let (origin, server) = serve([Line::echo]);
    calling.get(&Origin::parse("http://slow.test:1").unwrap(), 1);
    calling.get(&origin, 2);
    assert_eq!(calling.body().0, 2);
    go.send(()).unwrap();
    assert_eq!(
        calling.error(),
        CallError::Unreachable(ErrorKind::ConnectionRefused)
    );
    calling.end();
    server.join().unwrap();
}

#[test]
fn the_operating_system_knows_this_machine() {
    let calling = calling_by(|graph| {
        let names = Names::attach(graph, "names");
        HttpClient::new(ClientLimits::default()).with_names(&names)
    });
    let (origin, server) = serve([Line::echo]);
    calling.get(&at_port("localhost", &origin), 1);
    assert_eq!(calling.body().0, 1);
    calling.end();
    server.join().unwrap();
}

#[test]
fn streams_are_dialled_by_name() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard_names = Arc::clone(&asked);
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let names = Names::attach_fn(&mut graph, "names", move |host| {
        heard_names.lock().unwrap().push(host.to_owned());
        match host {
            "here.test" => Ok(addresses(&["127.0.0.9", "127.0.0.1"])),
            _ => Err(ErrorKind::NotFound.into()),
        }
    });
    let (events, heard) = tell(&mut graph);
    let dialler = Dialler::new(Limits::default()).with_names(&names);
    let connector: Connector = dialler.attach(&mut graph, "peers", &events);
    let running = graph.start(Plan::default().workers(2)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let here = Address::parse(&format!("here.test:{port}")).unwrap();
    let link = connector.connect(&here, PATIENCE).unwrap();
    link.send(*b"hello").unwrap();
    link.close();
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut listener.accept().unwrap().0, &mut bytes).unwrap();
    assert_eq!(bytes, b"hello");
    assert_eq!(heard.opened().peer(), &here);
    assert_eq!(heard.closed(), End::Closed);
    drop(listener);
    connector.connect(&here, PATIENCE).unwrap();
    let refused = End::Unconnected(ErrorKind::ConnectionRefused);
    assert_eq!(heard.closed(), refused);
    let nowhere = Address::parse("nowhere.test:1").unwrap();
    connector.connect(&nowhere, PATIENCE).unwrap();
    assert_eq!(heard.closed(), End::Unconnected(ErrorKind::NotFound));
    assert_eq!(*asked.lock().unwrap(), ["here.test", "nowhere.test"]);
    let ledger = running.drain(PATIENCE).unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
}
