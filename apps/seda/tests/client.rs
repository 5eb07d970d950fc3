//! The client commands against a real server: what they print, and their exit codes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::net::TcpListener;

use support::{Server, seda};

#[test]
fn a_server_that_is_not_there_exits_with_3() {
    // A port that was free a moment ago, and nobody listens on.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let server = format!("http://127.0.0.1:{port}");
    for words in [
        &["job", "list"][..],
        &["job", "submit", "true"],
        &["job", "logs", "1"],
        &["graph"],
    ] {
        let (verbs, rest) = words.split_at(words.len().min(2));
        let line = [verbs, &["--server", &server], rest].concat();
        let (code, stdout, stderr) = seda(&line);
        assert_eq!((code, stdout.as_str()), (Some(3), ""), "{line:?}: {stderr}");
        assert!(stderr.contains("cannot reach 127.0.0.1"), "{stderr}");
    }
}

#[test]
fn bad_usage_exits_with_2_and_an_unknown_job_with_4() {
    let server = Server::start("");
    let at = ["--server", &server.url];
    for (verb, id, expected) in [
        ("status", "7", 4),
        ("logs", "job-7", 4),
        ("cancel", "7", 4),
        ("status", "seven", 2),
        ("logs", "../metrics", 2),
    ] {
        let line = [&["job", verb, id][..], &at].concat();
        let (code, stdout, stderr) = seda(&line);
        assert_eq!(
            (code, stdout.as_str()),
            (Some(expected), ""),
            "{line:?}: {stderr}"
        );
        assert!(stderr.starts_with("seda: "), "{stderr}");
    }
    assert_eq!(seda(&["job", "status"]).0, Some(2));
}

#[test]
fn a_job_is_submitted_watched_read_and_cancelled() {
    let mut server = Server::start("");
    let url = server.url.clone();
    let ask = |words: &[&str]| {
        let (verbs, rest) = words.split_at(2);
        let (code, stdout, stderr) = seda(&[verbs, &["--server", &url], rest].concat());
        assert_eq!(code, Some(0), "{words:?}: {stderr}");
        (stdout, stderr)
    };
    let script = "echo out; echo err >&2";
    let (id, _) = ask(&["job", "submit", "--name", "hello", "--", "sh", "-c", script]);
    let id = id.trim();
    server.wait_for_state(id, "FINISHED");
    assert_eq!(
        ask(&["job", "logs", id]),
        ("out\n".to_owned(), "err\n".to_owned())
    );
    let (status, _) = ask(&["job", "status", id]);
    assert!(
        status.contains("state    FINISHED\n") && status.contains("name     hello\n"),
        "{status}"
    );
    let (list, _) = ask(&["job", "list"]);
    assert!(
        list.lines()
            .any(|line| line.starts_with(id) && line.ends_with("hello")),
        "{list}"
    );
    let (json, _) = ask(&["job", "status", "-o", "json", id]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["id"], &json["exit"]["code"]),
        (&id.into(), &0.into())
    );

    let (long, _) = ask(&["job", "submit", "sleep", "1000"]);
    let long = long.trim();
    server.wait_for_state(long, "RUNNING");
    let (cancelled, _) = ask(&["job", "cancel", long]);
    assert_eq!(
        cancelled,
        format!("{long} is asked to end, still RUNNING\n")
    );
    server.wait_for_state(long, "KILLED");
    assert_eq!(
        ask(&["job", "cancel", long]).0,
        format!("{long} is KILLED\n")
    );

    let refused = seda(&["job", "submit", "--server", &url, "--", ""]);
    assert_eq!(refused.0, Some(1), "{refused:?}");
    assert_eq!(server.terminate().code, Some(0));
}
