//! Every server answers, takes orders, and refuses what it should.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// All servers, as `--help` lists them.
const SERVERS: [&str; 15] = [
    "seda",
    "seda-classic",
    "axum-inline",
    "axum-blocking",
    "axum-timeout",
    "axum-limit-clone",
    "axum-limit",
    "axum-aimd",
    "axum-vegas",
    "axum-gradient2",
    "axum-aimd-queueing",
    "threads",
    "cap",
    "nginx",
    "nginx-limit",
];

/// Is a server that runs, and ends with this.
struct Running {
    process: Child,
    control: SocketAddr,
    door: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn command(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peer-overload"));
    command.args(words.split_whitespace());
    command
}

/// Starts a server whose requests all take 1 ms, and with some words of its own.
fn start(server: &str, words: &str) -> Running {
    let words = format!("--server {server} --dist fixed --workers 1 {words}");
    let mut process = command(&words).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut address = |what: &str| {
        let line = lines.next().unwrap().unwrap();
        let word = line.strip_prefix(what);
        word.unwrap_or_else(|| panic!("{server}: {line}")).parse()
    };
    Running {
        control: address("control on ").unwrap(),
        door: address("listening on ").unwrap(),
        process,
    }
}

fn send(address: SocketAddr, line: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn ask(address: SocketAddr, line: &str) -> String {
    answer(send(address, line))
}

/// Sends requests at once; tells how many were answered 200, and with what the others.
fn crowd(server: &Running, size: usize) -> (usize, Vec<String>) {
    let streams: Vec<_> = (0..size).map(|_| send(server.door, "GET /")).collect();
    let answers: Vec<_> = streams.into_iter().map(answer).collect();
    let statuses = answers.iter().map(|answer| answer[9..12].to_owned());
    let (good, others): (Vec<_>, _) = statuses.partition(|status| status == "200");
    (good.len(), others)
}

#[test]
fn every_server_answers_and_counts_its_work() {
    for name in SERVERS {
        let server = start(name, "");
        let answer = ask(server.door, "GET /");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n"),
            "{name}: {answer}"
        );
        assert!(answer.ends_with("Hello, world!"), "{name}: {answer}");
        let told = ask(server.control, "GET /control");
        assert!(
            told.contains(r#""done":1,"burnt_us":1000"#),
            "{name}: {told}"
        );
    }
}

#[test]
fn every_server_obeys() {
    for name in SERVERS {
        let server = start(name, "");
        let began = Instant::now();
        let told = ask(server.control, "POST /control?factor=4&pause=100ms");
        assert!(told.contains(r#""factor":4"#), "{name}: {told}");
        ask(server.door, "GET /");
        // The order came a moment after `began`, so it was at least as long as this.
        assert!(began.elapsed() >= Duration::from_millis(104), "{name}");
        let told = ask(server.control, "GET /control");
        assert!(told.contains(r#""burnt_us":4000"#), "{name}: {told}");
    }
}

#[test]
fn a_limit_refuses_above_it_and_a_limit_of_each_connection_does_not() {
    // Long work, so that all are there before the first is done.
    let words = "--work 100ms --limit 2";
    for name in ["axum-limit", "nginx-limit"] {
        let (good, others) = crowd(&start(name, words), 8);
        assert_eq!((good, others), (2, vec!["503".to_owned(); 6]), "{name}");
    }
    for name in ["axum-limit-clone", "cap"] {
        let (good, others) = crowd(&start(name, words), 8);
        assert_eq!((good, others), (8, vec![]), "{name}");
    }
}

#[test]
fn what_is_adaptive_refuses_some_of_a_crowd() {
    for name in ["seda", "axum-aimd", "axum-vegas", "axum-gradient2"] {
        // Once work was done, it is known how long it takes.
        let server = start(name, "--work 30ms");
        ask(server.door, "GET /");
        let (good, others) = crowd(&server, 60);
        assert!(good > 0 && !others.is_empty(), "{name}: {good} {others:?}");
        assert!(
            others.iter().all(|status| status == "503"),
            "{name}: {others:?}"
        );
    }
}

#[test]
fn a_timeout_is_told() {
    let server = start("axum-timeout", "--work 1s --timeout 50ms");
    let (good, others) = crowd(&server, 3);
    assert_eq!((good, others), (0, vec!["504".to_owned(); 3]));
}

#[test]
fn nginx_ends_with_its_starter() {
    let server = start("nginx", "");
    let children = children(server.process.id());
    assert_eq!(children.len(), 1, "{children:?}");
    drop(server);
    let began = Instant::now();
    while children.iter().any(|child| runs(child)) {
        assert!(began.elapsed() < Duration::from_secs(10), "still there");
        std::thread::yield_now();
    }
}

fn children(process: u32) -> Vec<String> {
    let list = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap();
    list.split_whitespace().map(str::to_owned).collect()
}

/// Tells whether a process runs; one that has ended and that nobody has waited for does not.
fn runs(process: &str) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    status.is_ok_and(|status| !status.contains(") Z "))
}

#[test]
fn wrong_words_are_named() -> io::Result<()> {
    for (words, named) in [
        ("--server apache", "apache"),
        ("--server cap --dist odd", "two-modes"),
        ("--server cap --work long", "long"),
        ("", "--server"),
    ] {
        let output = command(words).output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(named), "{words}: {text}");
        assert_eq!(output.status.code(), Some(2), "{words}");
    }
    Ok(())
}

#[test]
fn a_port_in_use_is_a_failure() -> io::Result<()> {
    let server = start("threads", "");
    let port = server.door.port();
    for name in ["threads", "seda", "nginx"] {
        let output = command(&format!("--server {name} --port {port}")).output()?;
        assert_eq!(output.status.code(), Some(1), "{name}");
    }
    Ok(())
}
