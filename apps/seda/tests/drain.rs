//! How a server ends, whatever its jobs are at.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use serde_json::json;
use support::{Server, processes};

/// Jobs that say that they run.
fn script(text: &str) -> serde_json::Value {
    json!({"executable": "sh", "arguments": ["-c", text]})
}

fn wait_until_up(server: &mut Server, id: &str) {
    server.wait_for(&format!("/jobs/{id}/stdout"), |answer| {
        answer.body == b"up\n"
    });
}

fn config(drain_deadline: &str) -> String {
    format!(
        "drain_deadline = \"{drain_deadline}\"\n[jobs]\nslots = 1\ncancel_grace = \"200ms\"\n\
         [[target]]\nname = \"here\"\n"
    )
}

#[test]
fn a_drain_finishes_running_and_waiting_jobs() {
    let mut server = Server::start(&config("60s"));
    let first = server.submit(&script("mkfifo go; echo up; read line < go"));
    let second = server.submit(&script("echo done > witness"));
    wait_until_up(&mut server, &first);
    assert_eq!(server.job(&second)["state"], "QUEUING");
    server.signal("TERM");
    server.wait_for_log("draining");
    // The first job has waited for this.
    std::fs::write(server.root.join(&first).join("go"), "line\n").unwrap();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.ledger();
    assert!(
        ended.root.join(second).join("witness").exists(),
        "{}",
        ended.stderr
    );
    assert_eq!(processes(&ended.root), Vec::<String>::new());
}

#[test]
fn jobs_beyond_the_deadline_are_ended_however_stubborn() {
    let mut server = Server::start(&config("100ms"));
    let stubborn = server.submit(&script("trap '' TERM; echo up; sleep 1000; sleep 1000"));
    let waiting = server.submit(&script("echo never"));
    wait_until_up(&mut server, &stubborn);
    let ended = server.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for line in ended.ledger() {
        assert_eq!((line.dead, line.failed), (0, 0), "{line:?}");
    }
    for id in [stubborn, waiting] {
        let told = format!("{id}: the server stopped while the job was");
        assert!(ended.stderr.contains(&told), "{id}: {}", ended.stderr);
    }
    assert_eq!(processes(&ended.root), Vec::<String>::new());
}

#[test]
fn a_second_signal_stops_at_once_and_leaves_nothing_behind() {
    let mut server = Server::start(&config("20s"));
    let id = server.submit(&script("echo up; sleep 1000; sleep 1000"));
    wait_until_up(&mut server, &id);
    server.signal("INT");
    server.wait_for_log("draining");
    server.signal("INT");
    let ended = server.ended();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    ended.ledger();
    assert_eq!(processes(&ended.root), Vec::<String>::new());
}
