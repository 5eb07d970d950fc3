//! A real server in a directory of its own, driven by the real `curl`.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its part of this"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// How often a state is asked for before the test gives up; each time costs the
/// start of a program, some milliseconds.
pub const ATTEMPTS_MAX: usize = 4_000;

/// A server that runs. Dropped, it is killed with all that it started.
pub struct Server {
    pub url: String,
    pub root: PathBuf,
    process: Child,
    stderr: PathBuf,
    requests: usize,
    here: TempDir,
}

/// How a server ended.
pub struct Ended {
    pub code: Option<i32>,
    pub stderr: String,
    pub root: PathBuf,
    pub requests: usize,
    /// Kept until the test has looked at what is left.
    pub here: TempDir,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(have, _)| have.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }
}

impl Server {
    /// Starts a server on a free port, with this configuration beside.
    pub fn start(config: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config)
    }

    /// Starts a server in a directory where one may have run before.
    pub fn start_in(here: TempDir, config: &str) -> Self {
        Self::start_by("exec \"$@\"", here, config)
    }

    /// Starts a server from a script for `sh`, which runs in the directory of the
    /// server and has to become it: `exec "$@"`.
    pub fn start_by(script: &str, here: TempDir, config: &str) -> Self {
        let file = here.path().join("seda.toml");
        fs::write(&file, format!("listen = \"127.0.0.1:0\"\n{config}")).unwrap();
        let stderr = here.path().join("stderr");
        // Without its test it is asked to end, and ends its jobs.
        let mut process = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "sh", "-c", script, "sh"])
            .args([env!("CARGO_BIN_EXE_seda"), "--config"])
            .arg(&file)
            .current_dir(here.path())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().map(Result::unwrap).unwrap_or_default();
        let Some(url) = first.strip_prefix("listening on ") else {
            panic!("{first}{}", fs::read_to_string(&stderr).unwrap());
        };
        Self {
            url: url.to_owned(),
            root: here.path().join("seda-jobs"),
            process,
            stderr,
            requests: 0,
            here,
        }
    }

    /// Asks the server by the real `curl`.
    pub fn curl(&mut self, path: &str, options: &[&str]) -> Answer {
        self.requests += 1;
        let (head, body) = (self.here.path().join("head"), self.here.path().join("body"));
        // An answer without a body leaves no file.
        let _ = fs::remove_file(&body);
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "30"])
            .args(["--write-out", "%{http_code}", "--dump-header"])
            .arg(&head)
            .arg("--output")
            .arg(&body)
            .args(options)
            .arg(format!("{}{path}", self.url))
            .output()
            .expect("this test needs the program `curl`");
        assert!(
            output.status.success(),
            "curl {path}: {output:?}\n{}",
            self.log()
        );
        Answer {
            status: String::from_utf8(output.stdout).unwrap().parse().unwrap(),
            head: fs::read_to_string(head).unwrap(),
            body: fs::read(body).unwrap_or_default(),
        }
    }

    /// Takes note of requests that others have made.
    pub fn count_requests(&mut self, more: usize) {
        self.requests += more;
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.curl(path, &[])
    }

    /// Submits a job and returns what the server answered.
    pub fn post(&mut self, job: &Value) -> Answer {
        let job = job.to_string();
        self.curl("/jobs", &["--data-binary", &job])
    }

    /// Submits a job that is taken; returns its id.
    pub fn submit(&mut self, job: &Value) -> String {
        let answer = self.post(job);
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(
            answer.header("location"),
            Some(format!("/jobs/{id}").as_str())
        );
        id
    }

    pub fn job(&mut self, id: &str) -> Value {
        self.get(&format!("/jobs/{id}")).json()
    }

    /// Asks for `path` until the answer satisfies `done`.
    pub fn wait_for(&mut self, path: &str, done: impl Fn(&Answer) -> bool) -> Answer {
        for _ in 0..ATTEMPTS_MAX {
            let answer = self.get(path);
            if done(&answer) {
                return answer;
            }
        }
        panic!(
            "{path} does not become what it should: {:?}\n{}",
            self.get(path),
            self.log()
        );
    }

    pub fn wait_for_state(&mut self, id: &str, state: &str) -> Value {
        let is_there = |answer: &Answer| answer.json()["state"] == state;
        self.wait_for(&format!("/jobs/{id}"), is_there).json()
    }

    /// Waits until the server has written something down.
    pub fn wait_for_log(&self, text: &str) {
        for _ in 0..ATTEMPTS_MAX {
            if self.log().contains(text) {
                return;
            }
            // As long as a request takes.
            run("true", &[]);
        }
        panic!("`{text}` is not written down: {}", self.log());
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    /// Returns where the server sees its jobs, whatever it has mounted there.
    pub fn own_root(&self) -> PathBuf {
        let own = PathBuf::from(format!("/proc/{}/root", self.process.id()));
        let root = self.root.canonicalize().unwrap();
        own.join(root.strip_prefix("/").unwrap())
    }

    /// Sends the server a signal.
    pub fn signal(&self, name: &str) {
        signal(name, self.process.id());
    }

    /// Waits for the end of the server.
    pub fn ended(mut self) -> Ended {
        let status = self.process.wait().unwrap();
        let here = std::mem::replace(&mut self.here, tempfile::tempdir().unwrap());
        Ended {
            code: status.code(),
            stderr: self.log(),
            root: self.root.clone(),
            requests: self.requests,
            here,
        }
    }

    /// Asks the server to end, and waits until it has.
    pub fn terminate(self) -> Ended {
        self.signal("TERM");
        self.ended()
    }

    /// Lists the processes of jobs of this server.
    pub fn processes(&self) -> Vec<String> {
        processes(&self.root)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// One line of the ledger that a server prints in the end.
#[derive(Debug)]
pub struct Line {
    pub stage: String,
    pub offered: u64,
    pub accepted: u64,
    pub rejected: u64,
    pub handled: u64,
    pub failed: u64,
    pub expired: u64,
    pub dead: u64,
    pub queued: u64,
    pub in_hand: u64,
}

impl Ended {
    /// Reads the ledger, and checks that each line of it is exact.
    pub fn ledger(&self) -> Vec<Line> {
        let mut lines = self.stderr.lines();
        lines
            .find(|line| line.starts_with("stage ") && line.ends_with(" in hand"))
            .unwrap_or_else(|| panic!("no ledger: {}", self.stderr));
        let ledger: Vec<Line> = lines.filter_map(Line::read).collect();
        assert!(ledger.len() > 8, "{}", self.stderr);
        for line in &ledger {
            let finished = line.handled + line.failed + line.expired + line.dead;
            assert_eq!(line.offered, line.accepted + line.rejected, "{line:?}");
            assert_eq!(
                line.accepted,
                finished + line.queued + line.in_hand,
                "{line:?}"
            );
        }
        ledger
    }
}

impl Line {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let stage = words.next()?.to_owned();
        let numbers: Option<Vec<u64>> = words.map(|word| word.parse().ok()).collect();
        let numbers: [u64; 9] = numbers?.try_into().ok()?;
        let [
            offered,
            accepted,
            rejected,
            handled,
            failed,
            expired,
            dead,
            queued,
            in_hand,
        ] = numbers;
        Some(Self {
            stage,
            offered,
            accepted,
            rejected,
            handled,
            failed,
            expired,
            dead,
            queued,
            in_hand,
        })
    }
}

/// Lists the processes whose environment says that they are jobs of this root,
/// wherever they are by now.
pub fn processes(root: &Path) -> Vec<String> {
    let marker = format!(
        "SEDA_JOB_DIRECTORY={}/",
        root.canonicalize().unwrap().display()
    );
    let entries = fs::read_dir("/proc").unwrap().map(Result::unwrap);
    let numbers = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut found = Vec::new();
    for number in numbers.filter(|name| name.parse::<u32>().is_ok()) {
        // A process may end while it is looked at.
        let environment = fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
        if String::from_utf8_lossy(&environment).contains(&marker) {
            let command = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            found.push(format!("{number} {}", String::from_utf8_lossy(&command)));
        }
    }
    found
}

/// Sends a signal to a process.
pub fn signal(name: &str, process: u32) {
    run("sh", &["-c", &format!("kill -{name} {process}")]);
}

/// Runs a program that succeeds; returns what it wrote.
pub fn run(program: &str, args: &[&str]) -> Vec<u8> {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(program).args(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{program} {args:?}: {stderr}");
    stdout
}

/// Runs the client; returns its exit code, and what it wrote.
pub fn seda(words: &[&str]) -> (Option<i32>, String, String) {
    let program = env!("CARGO_BIN_EXE_seda");
    let output = Command::new(program).args(words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}
