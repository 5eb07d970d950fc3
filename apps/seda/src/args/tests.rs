//! Tests of the command line: what it accepts, and what it says to what it refuses.

use std::ffi::OsString;

use super::laboratory::simulate::Asked;
use super::laboratory::{Lab, Lines, Table};
use super::{Action, Command, Graph, Job, Output, Picture, Serve};

/// The words of `line`, split at spaces.
fn parse(line: &str) -> Result<Command, String> {
    let words = line.split_whitespace().map(OsString::from);
    Command::parse(words).map_err(|error| error.to_string())
}

fn job(line: &str) -> Job {
    match parse(line) {
        Ok(Command::Job(job)) => job,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn serving_is_what_is_done_without_a_command() {
    assert_eq!(parse(""), Ok(Command::Serve(Serve::default())));
    assert_eq!(parse("serve"), parse(""));
    let serve = Serve {
        config: Some("a.toml".into()),
        listen: Some("127.0.0.1:9".parse().unwrap()),
    };
    let line = "--config a.toml --listen=127.0.0.1:9";
    assert_eq!(parse(line), Ok(Command::Serve(serve)));
    assert_eq!(parse(&format!("serve {line}")), parse(line));
}

#[test]
fn help_and_version_are_found_where_people_look() {
    for line in [
        "help",
        "--help",
        "-h",
        "serve --help",
        "job --help",
        "job list -h",
        "graph -h",
        "bottleneck -h",
        "lab -h",
        "lab table --help",
        "lab run -h",
        "lab scenarios -h",
    ] {
        assert_eq!(parse(line), Ok(Command::Help), "{line}");
    }
    assert_eq!(parse("--version"), Ok(Command::Version));
}

#[test]
fn the_laboratory_takes_numbers_and_names() {
    let line = "lab table --policy vegas --policy aimd --seed 7 --seconds 9 -o json";
    let table = Table {
        policies: vec!["vegas".to_owned(), "aimd".to_owned()],
        seed: Some(7),
        seconds: Some(9),
        lines: Lines::Json,
    };
    assert_eq!(parse(line), Ok(Command::Lab(Lab::Table(table))));
    assert_eq!(parse("lab policies"), Ok(Command::Lab(Lab::Policies)));
    assert_eq!(parse("lab scenarios"), Ok(Command::Lab(Lab::Scenarios)));
    let line = "lab run step --simulate --seed 7 --seeds 2 --out a.json -o json";
    let run = Asked {
        scenario: "step".to_owned(),
        seed: Some(7),
        seeds: Some(2),
        out: Some("a.json".into()),
        lines: Lines::Json,
    };
    assert_eq!(parse(line), Ok(Command::Lab(Lab::Simulate(run))));
    let run = Asked {
        scenario: "retrospective".to_owned(),
        ..Asked::default()
    };
    let line = "lab run retrospective";
    assert_eq!(parse(line), Ok(Command::Lab(Lab::Threads(run))));
    let Command::Lab(Lab::Trial(asked, ground)) =
        parse("lab run step --target http://a/ --capacity 900 --cpu 1").unwrap()
    else {
        panic!("no trial");
    };
    assert_eq!((&*asked.scenario, &*ground.target), ("step", "http://a/"));
    assert_eq!((ground.capacity, ground.cpu), (Some(900), Some(1)));
    for (line, what) in [
        ("lab run --simulate", "needs a scenario"),
        (
            "lab run step --simulate --target http://a/",
            "exclude each other",
        ),
        ("lab run step --simulate --cpu 1", "add `--target URL`"),
        ("lab run step --capacity 9", "add `--target URL`"),
        ("lab run step --simulate --hdr-log a", "leave it out"),
        ("lab run step slow --simulate", "`slow` is too much"),
        ("lab run step --simulate --seeds 0", "at least 1"),
        ("lab run step --simulat", "did you mean `--simulate`?"),
    ] {
        let said = parse(line).unwrap_err();
        assert!(said.contains(what), "{line}: {said}");
    }
    let said = parse("lab table --seconds 0").unwrap_err();
    assert!(said.contains("at least 1"), "{said}");
    assert!(parse("lab").unwrap_err().contains("needs an action"));
    assert!(parse("lab tabel").unwrap_err().contains("table"));
}

#[test]
fn a_submitted_command_keeps_its_own_options() {
    for line in [
        "job submit --name sums -- md5sum -c --name x -- y",
        "job submit --name sums md5sum -c --name x -- y",
    ] {
        let Action::Submit { name, command } = job(line).action else {
            panic!("{line}");
        };
        assert_eq!(name.as_deref(), Some("sums"));
        assert_eq!(command, ["md5sum", "-c", "--name", "x", "--", "y"]);
    }
}

#[test]
fn job_actions_take_a_server_and_a_form() {
    let list = job("job list");
    assert_eq!((list.action, list.output), (Action::List, Output::Table));
    assert_eq!(list.server.to_string(), "http://127.0.0.1:8080");
    let status = job("job status -o json --server http://host:81 j7");
    assert_eq!(status.action, Action::Status("j7".into()));
    assert_eq!(status.output, Output::Json);
    assert_eq!(status.server.to_string(), "http://host:81");
    assert_eq!(job("job logs j7").action, Action::Logs("j7".into()));
    assert_eq!(job("job cancel j7").action, Action::Cancel("j7".into()));
}

#[test]
fn pictures_have_four_forms() {
    for (line, picture) in [
        ("graph", Picture::Svg),
        ("graph -o svg", Picture::Svg),
        ("graph -odot", Picture::Dot),
        ("graph --output mermaid", Picture::Mermaid),
        ("graph --output=json", Picture::Json),
    ] {
        let parsed = parse(line);
        let matches =
            matches!(parsed, Ok(Command::Graph(Graph { picture: is, .. })) if is == picture);
        assert!(matches, "{line}: {parsed:?}");
    }
}

/// Each line is refused with its answer.
fn assert_refused<const N: usize>(cases: [(&str, &str); N]) {
    for (line, expected) in cases {
        assert_eq!(parse(line), Err(expected.to_owned()), "{line}");
    }
}

#[test]
fn a_misspelt_word_is_answered_with_what_was_meant_or_with_all() {
    assert_refused([
        ("jbo list", "unknown command `jbo`, did you mean `job`?"),
        (
            "start",
            "unknown command `start`, write serve, job, graph, bottleneck, lab or help",
        ),
        (
            "--lisen x",
            "unknown option `--lisen`, did you mean `--listen`?",
        ),
        ("-x", "unknown option `-x`, write --config or --listen"),
        ("job lits", "unknown action `lits`, did you mean `list`?"),
        (
            "job list --name x",
            "unknown option `--name`, write --output or --server",
        ),
        (
            "job list -o yaml",
            "unknown output `yaml`, write table or json",
        ),
        (
            "graph -o jsno",
            "unknown output `jsno`, did you mean `json`?",
        ),
    ]);
}

#[test]
fn a_missing_or_wrong_value_is_answered_with_what_to_write() {
    const HELP: &str = "`seda help` shows what can be written";
    const IDS: &str = "`seda job list` shows their IDs";
    let too_much = format!("`now` is too much here, {HELP}");
    let no_value = format!("`--config` needs a value, {HELP}");
    let none = format!("`seda job status` needs one job, not 0, {IDS}");
    let two = format!("`seda job logs` needs one job, not 2, {IDS}");
    assert_refused([
        ("serve now", too_much.as_str()),
        ("--config", &no_value),
        ("job status", &none),
        ("job logs a b", &two),
        (
            "job",
            "`seda job` needs an action, write submit, list, status, logs or cancel",
        ),
        (
            "job submit",
            "`seda job submit` needs a command, write it after `--`, such as `seda job submit -- echo hello`",
        ),
        (
            "job list j7",
            "`seda job list` takes no `j7`, `seda job status ID` shows one job",
        ),
        (
            "--listen 80",
            "`--listen` cannot be `80`, write an address and a port, such as 127.0.0.1:8080",
        ),
        (
            "graph --server ftp://x",
            "`--server` cannot be `ftp://x`, write http://HOST:PORT",
        ),
    ]);
}

#[cfg(unix)]
#[test]
fn words_that_are_not_unicode_are_refused() {
    use std::os::unix::ffi::OsStringExt;

    let words = ["job", "submit", "--"].map(OsString::from);
    let odd = OsString::from_vec(vec![b'a', 0xff]);
    let error = Command::parse(words.into_iter().chain([odd])).unwrap_err();
    assert!(error.to_string().contains("is not Unicode"), "{error}");
}
