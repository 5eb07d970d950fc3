//! The program as a shell sees it: what it prints, where, and its exit code.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn seda(words: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_seda");
    Command::new(program).args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_goes_to_stdout_and_names_every_command() {
    let output = seda(&["help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for words in [
        "seda [serve]",
        "job submit",
        "job list",
        "job status",
        "job logs",
        "job cancel",
        "seda graph",
        "seda bottleneck",
        "seda lab report",
        "seda lab compare",
    ] {
        assert!(help.contains(words), "{words}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = seda(&["--version"]);
    let expected = format!("seda {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn a_wrong_command_line_exits_with_2_and_says_what_to_write() {
    let output = seda(&["jbo"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    let expected = "seda: unknown command `jbo`, did you mean `job`?\n";
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn a_wrong_configuration_exits_with_2_and_points_at_the_place() {
    let dir = std::env::temp_dir().join(format!("seda-command-line-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("seda.toml");
    std::fs::write(&file, "[http]\nidle = \"1s\"\n").unwrap();
    let file = file.to_str().unwrap();
    let output = seda(&["--config", file]);
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(
        error.starts_with(&format!("{file}:2:1: unknown key `http.idle`")),
        "{error}"
    );
}
