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
fn who_connects_while_descriptors_lack_is_told_so_and_the_others_are_served() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let few = Rlimit {
        current: Some(DESCRIPTORS),
        maximum,
    };
    setrlimit(Resource::Nofile, few).unwrap();
    let serving = serve(Limits::default(), echo);
    let mut idle = serving.connect();
    idle.post("before");
    assert_eq!(idle.answer().body, b"before");

    let mut fillers = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        fillers.push(file);
    }
    for turned_away in 1..=20 {
        // One for the client.
        drop(fillers.pop());
        let mut client = serving.connect();
        serving.until("it is turned away", |figures| {
            figures.turned_away == turned_away
        });
        assert!(client.has_ended());
        drop(client);
        fillers.push(File::open("/dev/null").unwrap());
        idle.post("meanwhile");
        assert_eq!(idle.answer().body, b"meanwhile");
    }
    let figures = serving.figures();
    assert_eq!((figures.opened, figures.exhausted), (1, 0), "{figures:?}");

    drop(fillers);
    let mut client = serving.connect();
    client.post("afterwards");
    assert_eq!(client.answer().body, b"afterwards");
    serving.end();
}
