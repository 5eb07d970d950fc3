//! No descriptors left. One test a file: they are the whole process's.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::fs::File;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seda_io::http::Limits;
use serving::{echo, serve};

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
    let serving = serve(Limits::default(), echo);
    let mut fillers = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        fillers.push(file);
    }
    drop(fillers.pop());
    let mut client = serving.connect();
    client.post("patience");
    serving.until("there are none", |figures| figures.exhausted > 0);
    assert_eq!(serving.figures().opened, 0);
    drop(fillers);
    assert_eq!(client.answer().body, b"patience");
    serving.end();
}
