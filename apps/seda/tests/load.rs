//! `seda lab run` and `seda lab sweep` as a shell sees them, against a server in this process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Serves until the test ends, and tells of each request; gives its URL.
fn server() -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let tell = tell.clone();
            thread::spawn(move || serve(stream.unwrap(), &tell));
        }
    });
    (url, told)
}

/// Requests have no body, and their heads come as they were sent, in one piece.
fn serve(mut stream: TcpStream, tell: &Sender<()>) {
    stream.set_nodelay(true).unwrap();
    let mut space = [0; 4_096];
    while let Ok(1..) = stream.read(&mut space) {
        // The test may have heard enough, and the client may have gone.
        if tell.send(()).is_err() || stream.write_all(ANSWER).is_err() {
            return;
        }
    }
}

fn lab(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seda"));
    command.arg("lab").args(words);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), text(&output.stderr))
}

#[test]
fn a_run_prints_its_record_and_writes_it() {
    let (url, _told) = server();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("run.json");
    let output = lab(&["run", "--target", &url, "--rate", "200", "--seconds", "0.5"])
        .args(["--warm-up", "0", "--seed", "7", "-o", "json", "--out"])
        .arg(&file)
        .output()
        .unwrap();
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(record, written);
    let run = &record["runs"][0];
    let count = |name: &str| run["outcomes"][name].as_u64().unwrap();
    let sum: u64 = ["good", "late", "rejected", "failed"]
        .into_iter()
        .map(count)
        .sum();
    assert_eq!(count("offered"), sum);
    assert!(sum > 50, "{run}");
    assert_eq!(run["seed"], 7);
    let valid = run["invalid"].is_null();
    assert_eq!(output.status.code(), Some(i32::from(!valid)), "{run}");
    let machine = record["provenance"]["machine"].as_str().unwrap();
    assert!(machine.contains("cores, Linux "), "{machine}");
}

#[test]
fn a_generator_that_was_stopped_says_that_its_run_is_invalid() {
    let (url, told) = server();
    let generator = lab(&["run", "--target", &url, "--rate", "500", "--seconds", "1.5"])
        .args(["--warm-up", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let process = Pid::from_child(&generator);
    (0..100).for_each(|_| told.recv().unwrap());
    kill_process(process, Signal::STOP).unwrap();
    // Nothing has come for a fifth of a second when it has stood still for that long.
    while told.recv_timeout(Duration::from_millis(200)) != Err(RecvTimeoutError::Timeout) {}
    kill_process(process, Signal::CONT).unwrap();
    let output = generator.wait_with_output().unwrap();
    let (code, error) = said(&output);
    assert_eq!(code, Some(1), "{error}");
    assert!(
        error.contains("runs invalid: the generator was late"),
        "{error}"
    );
    let shown = text(&output.stdout);
    assert!(
        shown.contains("INVALID    the generator was late: its p99 lag is "),
        "{shown}"
    );
}

#[test]
fn a_sweep_runs_each_load_with_each_seed() {
    let (url, _told) = server();
    let output = lab(&[
        "sweep",
        "--target",
        &url,
        "--capacity",
        "100",
        "--from",
        "0.5",
    ])
    .args([
        "--to",
        "2",
        "--points",
        "2",
        "--seeds",
        "2",
        "--seconds",
        "0.2",
    ])
    .args(["--warm-up", "0", "-o", "json"])
    .output()
    .unwrap();
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    let runs = record["runs"].as_array().unwrap();
    let legs: Vec<(f64, u64)> = runs
        .iter()
        .map(|run| (run["load"].as_f64().unwrap(), run["seed"].as_u64().unwrap()))
        .collect();
    assert_eq!(legs, [(0.5, 1), (2.0, 1), (0.5, 2), (2.0, 2)]);
    assert!(runs.iter().all(|run| run["capacity"] == 100.0));
}

const CLASSES: &str = r#"name = "two"
title = "Two classes"
about = "How a server is told."
target = "25ms"
seeds = 1
server = { servers = 1, work = { kind = "constant", each = "1ms" } }
load = { kind = "open", loads = [1.0], classes = [0.5] }
times = { measured = "300ms" }
"#;

#[test]
fn classes_of_a_load_and_of_a_scenario_are_apart_in_the_record() {
    let (url, _told) = server();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("two.toml");
    std::fs::write(&file, CLASSES).unwrap();
    let file = file.to_str().unwrap();
    let load = "--rate 300 --classes 0.5 --warm-up 0 --seconds 0.3";
    let load: Vec<&str> = load.split(' ').collect();
    let scenario = [
        file,
        "--capacity",
        "300",
        "--class-header",
        "X-Class: {class}",
    ];
    for words in [&load[..], &scenario] {
        let mut command = lab(&["run"]);
        let command = command.args(words).args(["--target", &url, "-o", "json"]);
        let output = command.output().unwrap();
        let record: Value = serde_json::from_slice(&output.stdout).unwrap();
        let run = &record["runs"][0];
        let offered = |of: &Value| of["outcomes"]["offered"].as_u64().unwrap();
        let classes = run["classes"].as_array().unwrap();
        assert_eq!(classes.len(), 2, "{run}");
        assert!(classes.iter().all(|class| offered(class) > 0), "{run}");
        let sum: u64 = classes.iter().map(offered).sum();
        assert_eq!(sum, offered(run));
    }
}

#[test]
fn latencies_are_written_to_a_log_and_a_log_without_room_loses_nothing_else() {
    let (url, _told) = server();
    let directory = tempfile::tempdir().unwrap();
    let [log, out] = ["run.hdr", "run.json"].map(|name| directory.path().join(name));
    let words = "run --rate 300 --warm-up 0 --seconds 0.3 -o json --target";
    let words: Vec<&str> = words.split(' ').chain([&*url]).collect();
    let ran = |log: &std::path::Path| {
        let mut command = lab(&words);
        let output = command.arg("--hdr-log").arg(log).arg("--out").arg(&out);
        let output = output.output().unwrap();
        let record: Value = serde_json::from_slice(&output.stdout).unwrap();
        let written: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
        assert_eq!(record, written);
        assert!(record["runs"][0]["outcomes"]["offered"].as_u64().unwrap() > 30);
        output
    };
    ran(&log);
    let text = std::fs::read_to_string(&log).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("#[Histogram log format version 1.3]"));
    let all = lines.filter(|line| !line.starts_with('#'));
    let all: Vec<&str> = all.collect();
    assert!(!all.is_empty() && all.iter().all(|line| line.starts_with("Tag=server,")));
    for (log, why) in [
        ("/dev/full", "No space left"),
        ("/no/such/directory/run.hdr", "No such file"),
    ] {
        let output = ran(std::path::Path::new(log));
        let (code, error) = said(&output);
        assert_eq!(code, Some(1), "{error}");
        let told = error.lines().next().unwrap();
        let start = format!("seda: {log}: cannot be written ({why}");
        assert!(told.starts_with(&start), "{error}");
        assert!(told.ends_with("name another file"), "{error}");
    }
}

#[test]
fn what_cannot_be_has_an_exit_code_of_its_own_and_says_what_to_do() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = format!("http://{nobody}/");
    let rows: [(&[&str], i32, &str); 10] = [
        (
            &["--target", &nobody, "--rate", "1"],
            3,
            "start it, or name another",
        ),
        (&["--rate", "1"], 2, "there is no target"),
        (&["--target", &nobody], 2, "needs a load"),
        (&["--target", "nowhere", "--rate", "1"], 2, "write a URL"),
        (
            &["--target", &nobody, "--rate", "0"],
            2,
            "write a number above 0",
        ),
        (
            &["--target", &nobody, "--rate", "1", "--slo", "25"],
            2,
            "is no time",
        ),
        (
            &["--target", &nobody, "--rat", "1"],
            2,
            "did you mean `--rate`?",
        ),
        (
            &["--target", &nobody, "--rate", "1", "--arrivals", "even"],
            2,
            "unknown arrivals",
        ),
        (
            &["--target", &nobody, "--rate", "1", "--classes", "0.1;0.3"],
            2,
            "such as `--classes 0.1,0.3`",
        ),
        (
            &["--target", &nobody, "--rate", "1", "--classes", "0.7,0.7"],
            2,
            "sum to at most 1",
        ),
    ];
    for (words, code, why) in rows {
        let output = lab(&["run"]).args(words).output().unwrap();
        let (exit, error) = said(&output);
        assert_eq!(exit, Some(code), "{words:?}: {error}");
        assert!(error.contains(why), "{words:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let output = lab(&["sweep", "--target", &nobody]).output().unwrap();
    assert_eq!(said(&output).0, Some(3));
}
