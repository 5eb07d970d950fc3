//! What one peer may have of the server, and which of its wishes are heeded.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;
use support::{ATTEMPTS_MAX, Server};

/// Reads one figure of the source of HTTP requests.
fn figure(server: &mut Server, name: &str) -> String {
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    let start = format!("seda_source_{name}{{graph=\"seda\",source=\"http\"}} ");
    let mut found = metrics.lines().filter_map(|line| line.strip_prefix(&start));
    found.next().unwrap().to_owned()
}

#[test]
fn a_peer_beyond_its_rate_is_told_when_to_come_back() {
    let mut server = Server::start("[http]\nrate_per_peer = \"1/h\"\nburst_per_peer = 3\n");
    for status in [200, 200, 200, 429] {
        let answer = server.get("/jobs");
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("retry-after").is_some(), status == 429);
    }
    assert_eq!(server.terminate().code, Some(0));
}

/// Asks for the figures on a connection of its own; gives nothing if that is refused.
fn ask(mut connection: &TcpStream, fields: &str) -> Option<String> {
    let request = format!("GET /metrics HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    connection.write_all(request.as_bytes()).ok()?;
    let mut answer = vec![0; 9];
    connection.read_exact(&mut answer).ok()?;
    if fields.contains("close") {
        connection.read_to_end(&mut answer).ok()?;
    }
    String::from_utf8(answer).ok()
}

#[test]
fn a_peer_has_no_more_connections_than_it_may() {
    let server = Server::start("[http]\nconnections_per_peer_max = 2\n");
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let connect = || TcpStream::connect(&address).unwrap();
    let two = [(); 2].map(|()| connect());
    for connection in &two {
        assert!(ask(connection, "").is_some());
    }
    assert_eq!(ask(&connect(), ""), None);
    drop(two);
    // The server has yet to see that they have ended.
    let mut asked = (0..ATTEMPTS_MAX).filter_map(|_| ask(&connect(), "Connection: close\r\n"));
    let metrics = asked.next().unwrap();
    let crowded = "seda_source_connections_crowded_total{graph=\"seda\",source=\"http\"} ";
    let crowded = metrics.lines().find_map(|line| line.strip_prefix(crowded));
    assert!(crowded.unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(server.terminate().code, Some(0));
}

#[test]
fn wishes_are_heeded_within_their_bounds() {
    let mut server = Server::start(
        "[http.wishes]\npriority = \"Priority\"\ntimeout = \"X-Wait\"\n\
         timeout_unit = \"ms\"\ntimeout_max = \"200ms\"\n",
    );
    assert_eq!(server.curl("/jobs", &["-H", "Priority: u=9"]).status, 200);
    assert_eq!(figure(&mut server, "priority_wishes_bad_total"), "1");
    assert_eq!(server.curl("/jobs", &["-H", "X-Wait: soon"]).status, 200);
    assert_eq!(figure(&mut server, "timeout_wishes_bad_total"), "1");

    let late = server.curl("/jobs", &["-H", "X-Wait: 0"]);
    assert_eq!((late.status, late.header("retry-after")), (503, Some("1")));
    assert_eq!(figure(&mut server, "requests_refused_total"), "1");

    // A job that was accepted is another matter: this one outlasts the bound.
    let job = json!({"executable": "sleep", "arguments": ["0.4"]}).to_string();
    let wishes = ["-H", "Priority: u=0", "-H", "X-Wait: 9999", "-d", &job];
    let taken = server.curl("/jobs", &wishes);
    assert_eq!(taken.status, 201);
    let id = taken.json()["id"].as_str().unwrap().to_owned();
    server.wait_for_state(&id, "FINISHED");

    let ended = server.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for line in ended.ledger() {
        // The one that was late before it came.
        let refused = u64::from(line.stage == "api");
        let lost = line.failed + line.expired + line.dead;
        assert_eq!((line.rejected, lost), (refused, 0), "{line:?}");
    }
}
