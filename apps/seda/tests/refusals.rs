//! What a server does not do, and how it says so.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::{Answer, Server};

fn code(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    for part in ["code", "message", "details"] {
        assert_ne!(body[part], Value::Null, "{body}");
    }
    (answer.status, body["code"].as_str().unwrap().to_owned())
}

#[test]
fn every_refusal_has_a_status_a_code_and_words() {
    let mut server = Server::start("");
    let mut refused = |path: &str, options: &[&str]| code(&server.curl(path, options));
    let told = |status, code: &str| (status, code.to_owned());
    assert_eq!(refused("/", &[]), told(404, "not_found"));
    assert_eq!(refused("/jobs/job-7", &[]), told(404, "unknown_job"));
    assert_eq!(refused("/jobs/job-7/stdout", &[]), told(404, "unknown_job"));
    assert_eq!(
        refused("/jobs/job-7", &["-X", "DELETE"]),
        told(404, "unknown_job")
    );
    assert_eq!(refused("/jobs?state=odd", &[]), told(400, "invalid_query"));
    assert_eq!(
        refused("/jobs", &["-d", "{"]),
        told(400, "invalid_description")
    );
    let greedy = r#"{"executable": "a", "slots": 100000}"#;
    assert_eq!(refused("/jobs", &["-d", greedy]), told(422, "no_target"));

    let put = server.curl("/jobs", &["-X", "PUT"]);
    assert_eq!(
        (code(&put), put.header("allow")),
        (told(405, "method_not_allowed"), Some("GET, POST"))
    );
    let two = server.curl("/jobs", &["-d", r#"{"name": 1, "executeable": "a"}"#]);
    assert_eq!(
        two.json()["details"]["faults"].as_array().unwrap().len(),
        3,
        "all faults at once"
    );
    assert_eq!(server.get("/jobs").json(), json!({"jobs": [], "total": 0}));
    assert_eq!(server.terminate().code, Some(0));
}

#[test]
fn a_full_server_takes_no_more_and_says_when_to_come_back() {
    let mut server =
        Server::start("[queues]\njobs = 3\n[jobs]\nslots = 1\n[[target]]\nname = \"here\"\n");
    let sleep = json!({"executable": "sleep", "arguments": ["1000"]});
    let ids: Vec<String> = (0..3).map(|_| server.submit(&sleep)).collect();
    for _ in 0..20 {
        let full = server.post(&sleep);
        assert_eq!((full.status, full.header("retry-after")), (503, Some("1")));
        assert_eq!(full.json()["code"], "table_full");
    }
    for id in ids.iter().rev() {
        server.curl(&format!("/jobs/{id}"), &["-X", "DELETE"]);
    }
    server.wait_for("/jobs?state=live", |answer| {
        answer.json()["jobs"] == json!([])
    });
    let next = server.submit(&json!({"executable": "true"}));
    server.wait_for_state(&next, "FINISHED");
    let ended = server.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.ledger();
}

#[test]
fn output_and_time_of_a_job_are_bounded() {
    let mut server =
        Server::start("[jobs]\noutput_bytes_max = \"1KiB\"\ncancel_grace = \"100ms\"\n");
    let loud = json!({"executable": "sh", "arguments": ["-c", "yes | head -c 5000"]});
    let slow = json!({"executable": "sleep", "arguments": ["1000"], "wall_time": 1});
    let (loud, slow) = (server.submit(&loud), server.submit(&slow));
    server.wait_for_state(&loud, "FINISHED");
    assert_eq!(server.get(&format!("/jobs/{loud}/stdout")).body.len(), 1024);
    let ended = server.wait_for_state(&slow, "FAILED");
    assert_eq!(ended["failure"]["code"], "timed_out", "{ended}");
    assert_eq!(server.terminate().code, Some(0));
}

#[test]
fn a_job_that_is_forgotten_takes_its_files_along() {
    let mut server = Server::start("[queues]\njobs = 1\n[jobs]\nfinished_max = 1\n");
    let mut last = String::new();
    for _ in 0..5 {
        last = server.submit(&json!({"executable": "true"}));
        server.wait_for_state(&last, "FINISHED");
    }
    assert_eq!(
        code(&server.get("/jobs/job-3")),
        (404, "unknown_job".to_owned())
    );
    let root = server.root.clone();
    let names = || {
        let entries = std::fs::read_dir(&root).unwrap().map(Result::unwrap);
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    // The files go after the answer.
    server.wait_for("/jobs", |_| names() == ["job-4", last.as_str()]);
    assert_eq!(server.terminate().code, Some(0));
}
