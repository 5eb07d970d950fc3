//! No descriptors left. One test a file: they are the whole process's.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod streaming;

use std::fs::File;
use std::io::{Read, Write};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seda_io::stream::Limits;
use streaming::{echo, listen};

/// Few enough to use up.
const DESCRIPTORS: u64 = 64;

#[test]
fn a_connection_waits_while_descriptors_lack() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let few = Rlimit {
        current: Some(DESCRIPTORS),
        maximum,
    };
    setrlimit(Resource::Nofile, few).unwrap();
    let streaming = listen(Limits::default(), echo);
    let mut fillers = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        fillers.push(file);
    }
    drop(fillers.pop());
    let mut client = streaming.connect();
    client.write_all(b"patience").unwrap();
    streaming.until("there are none", |figures| figures.exhausted > 0);
    assert_eq!(streaming.figures().accepted, 0);
    drop(fillers);
    let mut back = [0; 8];
    client.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"patience");
    streaming.end();
}
