//! The whole way: the real server, the real `curl`, 200 jobs that run real programs on real files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Ended, Server, processes, run};

const JOBS: usize = 200;

/// More slots than jobs that hold one until they are ended from outside.
const CONFIG: &str = r#"
[jobs]
slots = 12
cancel_grace = "300ms"
[[target]]
name = "here"
slots = 12
"#;

/// A job and what has to come of it.
struct Case {
    job: Value,
    state: &'static str,
    /// The end of its process: a code, or a signal behind a `!`.
    exit: Option<&'static str>,
    failure: Option<&'static str>,
    stdout: Vec<u8>,
    stderr: &'static str,
    /// A file in its private directory.
    file: Option<(&'static str, Vec<u8>)>,
}

impl Case {
    /// A job that ends well after writing this.
    fn well(job: Value, stdout: Vec<u8>) -> Self {
        Self {
            job,
            state: "FINISHED",
            exit: Some("0"),
            failure: None,
            stdout,
            stderr: "",
            file: None,
        }
    }
}

/// Makes a directory tree: 6 directories, 24 files from nothing to some 100 kB.
fn make_tree(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut lot: u32 = 1;
    for number in 0..24_usize {
        let directory = root.join(format!("d{}/sub", number % 6));
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join(format!("file {number}"));
        let lines = (0..number * number * 20).map(|_| {
            lot = lot.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            format!("{lot:x}\n")
        });
        fs::write(&file, lines.collect::<String>()).unwrap();
        files.push(file);
    }
    files
}

/// Packs a directory into a file, always the same, and prints its checksum.
const PACK: &str = "tar -C \"$1\" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - . \
    | gzip -n > tree.tar.gz && sha256sum < tree.tar.gz";

/// Makes the job of that number, and finds out what it has to write by
/// running its programs here.
fn case(number: usize, files: &[PathBuf], here: &Path) -> Case {
    let file = files[number % files.len()].to_str().unwrap();
    match number % 4 {
        0 => {
            let directory = Path::new(file).parent().unwrap().to_str().unwrap();
            let pack = format!("cd \"$2\" && {PACK}");
            let here = here.to_str().unwrap();
            let stdout = run("sh", &["-c", &pack, "sh", directory, here]);
            let packed = fs::read(Path::new(here).join("tree.tar.gz")).unwrap();
            let job = json!({
                "name": format!("pack {number}"),
                "executable": "sh", "arguments": ["-c", PACK, "sh", directory],
            });
            Case {
                file: Some(("tree.tar.gz", packed)),
                ..Case::well(job, stdout)
            }
        }
        1 => {
            let job = json!({"executable": "sha256sum", "arguments": [file]});
            Case::well(job, run("sha256sum", &[file]))
        }
        2 => {
            let job = json!({"executable": "gzip", "arguments": ["-nc", file]});
            Case::well(job, run("gzip", &["-nc", file]))
        }
        _ => {
            let job = json!({
                "executable": "sort", "arguments": ["-u"], "input": file, "output": "sorted",
                "environment": {"LC_ALL": "C"},
            });
            let sorted = run("env", &["LC_ALL=C", "sort", "-u", file]);
            Case {
                file: Some(("sorted", sorted.clone())),
                ..Case::well(job, sorted)
            }
        }
    }
}

fn failing() -> Case {
    let script = "echo out; echo err >&2; exit 3";
    Case {
        state: "FAILED",
        exit: Some("3"),
        failure: Some("exit_non_zero"),
        stderr: "err\n",
        ..Case::well(
            json!({"executable": "sh", "arguments": ["-c", script]}),
            b"out\n".to_vec(),
        )
    }
}

fn missing() -> Case {
    Case {
        state: "FAILED",
        exit: None,
        failure: Some("spawn_failed"),
        ..Case::well(json!({"executable": "no-such-program"}), Vec::new())
    }
}

/// A job that runs until a signal ends it, and this says how.
fn endless(script: &str, (state, exit): (&'static str, &'static str)) -> Case {
    let failure = if state == "KILLED" {
        "cancelled"
    } else {
        "killed_by_signal"
    };
    Case {
        state,
        exit: Some(exit),
        failure: Some(failure),
        ..Case::well(
            json!({"executable": "sh", "arguments": ["-c", script]}),
            b"up\n".to_vec(),
        )
    }
}

/// The endless jobs first, then failing ones among those that end well.
fn cases(files: &[PathBuf], here: &Path) -> Vec<Case> {
    let polite = "echo up; exec sleep 1000";
    // Its child ignores the signal too: only the force after the grace ends them.
    let stubborn = "trap '' TERM; echo up; sleep 1000; sleep 1000";
    let mut cases = vec![endless(polite, ("FAILED", "!9"))];
    cases.extend((0..4).map(|_| endless(polite, ("KILLED", "!15"))));
    cases.extend((0..2).map(|_| endless(stubborn, ("KILLED", "!9"))));
    while cases.len() < JOBS {
        let number = cases.len();
        cases.push(match number % 16 {
            3 => failing(),
            7 if number % 32 == 7 => missing(),
            _ => case(number, files, here),
        });
    }
    cases
}

/// Ends the endless jobs: the first by a signal from outside, the others by request.
fn end_the_endless(server: &mut Server, ids: &[String]) {
    for id in ids.iter().take(7) {
        server.wait_for(&format!("/jobs/{id}/stdout"), |answer| {
            answer.body == b"up\n"
        });
        server.wait_for_state(id, "RUNNING");
    }
    let record = server.job(&ids[0]);
    let steps = record["history"].as_array().unwrap();
    let running = steps
        .iter()
        .find(|step| step["state"] == "RUNNING")
        .unwrap();
    let process = running["reason"]
        .as_str()
        .unwrap()
        .strip_prefix("process ")
        .unwrap();
    support::signal("KILL", process.parse().unwrap());
    for id in ids.iter().take(7).skip(1) {
        let asked = server.curl(&format!("/jobs/{id}"), &["--request", "DELETE"]);
        assert_eq!(asked.status, 202, "{asked:?}");
        assert_ne!(asked.json()["cancel_requested_at"], Value::Null);
    }
}

fn check(server: &mut Server, id: &str, case: &Case) {
    let record = server.job(id);
    assert_eq!(record["state"], case.state, "{record:#}");
    assert_eq!(
        record["failure"]["code"].as_str(),
        case.failure,
        "{record:#}"
    );
    let exit = match (&record["exit"]["code"], &record["exit"]["signal"]) {
        (Value::Number(code), _) => Some(code.to_string()),
        (_, Value::Number(signal)) => Some(format!("!{signal}")),
        _ => None,
    };
    assert_eq!(exit.as_deref(), case.exit, "{record:#}");
    assert!(
        server.get(&format!("/jobs/{id}/stdout")).body == case.stdout,
        "{id} {}",
        case.job
    );
    let stderr = server.get(&format!("/jobs/{id}/stderr")).body;
    assert_eq!(String::from_utf8(stderr).unwrap(), case.stderr, "{id}");
    if let Some((name, bytes)) = &case.file {
        let file = server.root.join(id).join(name);
        assert!(fs::read(file).unwrap() == *bytes, "{id} {name}");
    }
}

fn count_states<'c>(states: impl Iterator<Item = &'c str>) -> BTreeMap<&'c str, usize> {
    let mut counts = BTreeMap::new();
    for state in states {
        *counts.entry(state).or_default() += 1;
    }
    counts
}

fn check_picture(server: &mut Server) {
    let page = server.get("/graph");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let page = String::from_utf8(page.body).unwrap();
    for stage in [
        "api", "describe", "broker", "prepare", "launch", "collect", "report",
    ] {
        assert!(page.contains(&format!(">{stage}</text>")), "{stage}");
    }
    let url = server.url.clone();
    for (form, start) in [
        ("svg", "<svg "),
        ("dot", "digraph "),
        ("mermaid", "flowchart "),
        ("json", "{"),
    ] {
        let (code, drawn, error) = support::seda(&["graph", "-o", form, "--server", &url]);
        assert_eq!(code, Some(0), "{form}: {error}");
        assert!(drawn.starts_with(start), "{form}: {drawn}");
        server.count_requests(1);
    }
    let (code, told, error) = support::seda(&["bottleneck", "--server", &url]);
    assert_eq!(code, Some(0), "{error}");
    assert!(told.contains(" worker"), "{told}");
    server.count_requests(1);
    let told = server.get("/bottleneck").json();
    assert!(
        told["bottleneck"]["evidence"]["utilisation"].is_number(),
        "{told}"
    );
    let overload = &server.get("/stages").json()["overload"];
    assert!(
        overload["readings"].as_array().unwrap().len() >= 2,
        "{overload}"
    );
}

/// What the server says of itself agrees with what was done.
fn check_figures(server: &mut Server, cases: &[Case]) {
    let list = server.get("/jobs?limit=1000").json();
    let jobs = list["jobs"].as_array().unwrap();
    assert_eq!(list["total"], JOBS);
    let listed = count_states(jobs.iter().map(|job| job["state"].as_str().unwrap()));
    assert_eq!(listed, count_states(cases.iter().map(|case| case.state)));
    let failed = server.get("/jobs?state=failed&limit=2").json();
    assert_eq!(failed["jobs"].as_array().unwrap().len(), 2);

    let metrics = server.get("/metrics");
    assert!(
        metrics
            .header("content-type")
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    let metrics = String::from_utf8(metrics.body).unwrap();
    let http = "{graph=\"seda\",source=\"http\"}";
    for line in [
        "# TYPE seda_source_requests_total counter".to_owned(),
        format!("seda_source_connections_open{http} "),
        format!("seda_source_requests_bad_total{http} 0"),
    ] {
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
    let started = cases.iter().filter(|case| case.exit.is_some()).count();
    for (stage, handled) in [
        ("describe", JOBS),
        ("prepare", JOBS),
        ("launch", started),
        ("collect", started),
    ] {
        let line =
            format!("seda_stage_handled_total{{graph=\"seda\",stage=\"{stage}\"}} {handled}");
        assert!(
            metrics.lines().any(|have| have == line),
            "{line}\n{metrics}"
        );
    }
}

fn check_end(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ledger = ended.ledger();
    let stage = |name: &str| ledger.iter().find(|line| line.stage == name).unwrap();
    let requests = u64::try_from(ended.requests).unwrap();
    assert_eq!(
        (stage("api").offered, stage("api").handled),
        (requests, requests)
    );
    for line in &ledger {
        let lost = line.rejected + line.failed + line.expired + line.dead;
        assert_eq!((lost, line.queued, line.in_hand), (0, 0, 0), "{line:?}");
    }
    assert_eq!(processes(&ended.root), Vec::<String>::new());
}

/// Only the directories of remembered jobs are left, with what is documented in them.
fn check_leftovers(root: &Path, ids: &[String], cases: &[Case]) {
    let names = |directory: &Path| {
        let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let mut expected = ids.to_vec();
    expected.sort();
    assert_eq!(names(root), expected);
    for (id, case) in ids.iter().zip(cases) {
        let output = case.job["output"].as_str().unwrap_or("out");
        let mut expected = vec!["err".to_owned(), output.to_owned()];
        expected.extend(case.file.iter().map(|(name, _)| (*name).to_owned()));
        expected.sort();
        expected.dedup();
        if case.exit.is_none() {
            expected.clear();
        }
        assert_eq!(names(&root.join(id)), expected, "{id} {}", case.job);
    }
}

#[test]
fn two_hundred_jobs_go_the_whole_way() {
    let here = tempfile::tempdir().unwrap();
    let files = make_tree(&here.path().join("tree"));
    let cases = cases(&files, here.path());
    let mut server = Server::start(CONFIG);
    let ids: Vec<String> = cases.iter().map(|case| server.submit(&case.job)).collect();
    end_the_endless(&mut server, &ids);
    server.wait_for("/jobs?state=live", |answer| {
        answer.json()["jobs"] == json!([])
    });
    for (id, case) in ids.iter().zip(&cases) {
        check(&mut server, id, case);
    }
    check_figures(&mut server, &cases);
    check_picture(&mut server);
    assert_eq!(server.processes(), Vec::<String>::new());

    let ended = server.terminate();
    check_end(&ended);
    check_leftovers(&ended.root, &ids, &cases);

    // The next server begins anew, and has no use for the files.
    let mut next = Server::start_in(ended.here, CONFIG);
    assert_eq!(fs::read_dir(&next.root).unwrap().count(), 0);
    assert_eq!(next.submit(&json!({"executable": "true"})), "job-1");
    check_end(&next.terminate());
}
