//! No descriptors left. One test a file: they are the whole process's.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod streaming;

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seda_io::stream::Limits;
use streaming::{echo, listen};

/// Few enough to use up.
const DESCRIPTORS: u64 = 64;

#[test]
fn who_connects_while_descriptors_lack_is_told_so_and_the_others_are_served() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let few = Rlimit {
        current: Some(DESCRIPTORS),
        maximum,
    };
    setrlimit(Resource::Nofile, few).unwrap();
    let streaming = listen(Limits::default(), echo);
    let mut idle = streaming.connect();
    assert_echo(&mut idle);

    let mut fillers = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        fillers.push(file);
    }
    // One for the client.
    drop(fillers.pop());
    let mut client = streaming.connect();
    streaming.until("it is turned away", |figures| figures.turned_away == 1);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    assert_echo(&mut idle);
    let figures = streaming.figures();
    assert_eq!((figures.accepted, figures.exhausted), (1, 0), "{figures:?}");

    drop(fillers);
    assert_echo(&mut streaming.connect());
    streaming.end();
}

/// Sends something, which must come back.
fn assert_echo(client: &mut TcpStream) {
    client.write_all(b"patience").unwrap();
    let mut back = [0; 8];
    client.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"patience");
}
