//! What concerns the whole repository: words of one machine, quotes, and what the workspace depends on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tidy::{dependencies, finding, quotes, words};

#[test]
fn tracked_files_name_no_machine() {
    finding::assert_none(&words::check(&root()).unwrap());
}

#[test]
fn documents_quote_what_programs_say() {
    finding::assert_none(&quotes::check(&root()).unwrap());
}

#[test]
fn locked_packages_are_those_that_deny_toml_allows() {
    let findings = dependencies::check_lock(&read("deny.toml"), &read("Cargo.lock")).unwrap();
    finding::assert_none(&findings);
}

#[test]
fn licences_are_those_that_deny_toml_allows() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version=1"])
        .args(["--filter-platform", &host()])
        .current_dir(root())
        .output()
        .unwrap();
    let why = String::from_utf8_lossy(&metadata.stderr);
    assert!(metadata.status.success(), "run `cargo fetch` first: {why}");
    let metadata = serde_json::from_slice(&metadata.stdout).unwrap();
    let findings = dependencies::check_licences(&read("deny.toml"), &metadata).unwrap();
    finding::assert_none(&findings);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The platform that the compiler builds for: what is locked for others only need not be here.
fn host() -> String {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.unwrap().to_owned()
}
