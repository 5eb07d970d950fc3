//! No descriptors left, not even the one in reserve. One test a file: they are
//! the whole process's.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::fs::File;
use std::net::TcpStream;

use rustix::net::{self, AddressFamily, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seda_io::http::Limits;
use serving::{Raw, echo, serve};

/// Few enough to use up.
const DESCRIPTORS: u64 = 64;

#[test]
fn a_connection_waits_while_not_even_the_reserve_is_left() {
    let all = getrlimit(Resource::Nofile);
    let limit = |current| Rlimit {
        current: Some(current),
        ..all
    };
    setrlimit(Resource::Nofile, limit(DESCRIPTORS)).unwrap();
    let serving = serve(Limits::default(), echo);
    let mut idle = serving.connect();
    idle.post("before");
    assert_eq!(idle.answer().body, b"before");

    let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    let mut fillers = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        fillers.push(file);
    }
    // What is open stays so; what is closed, as the reserve, cannot be opened again.
    setrlimit(Resource::Nofile, limit(1)).unwrap();
    net::connect(&socket, &serving.address).unwrap();
    let mut client = Raw::new(TcpStream::from(socket));
    client.post("patience");
    serving.until("the reserve is gone", |figures| figures.exhausted > 0);
    idle.post("meanwhile");
    assert_eq!(idle.answer().body, b"meanwhile");

    // That of the reserve is not enough: the connection needs one as well.
    setrlimit(Resource::Nofile, limit(DESCRIPTORS)).unwrap();
    let so_far = serving.figures().exhausted;
    serving.until("it is tried again", |figures| {
        figures.exhausted > so_far + 1
    });
    let figures = serving.figures();
    assert_eq!((figures.opened, figures.turned_away), (1, 0), "{figures:?}");

    drop(fillers);
    assert_eq!(client.answer().body, b"patience");
    serving.end();
}
