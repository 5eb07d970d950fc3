//! Real programs, watched through their descriptors.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod tied;

use std::env;
use std::fs::{self, File};
use std::io::{PipeReader, Read};
use std::os::fd::AsFd;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, test_kill_process, test_kill_process_group};
use seda_io::process::{Child, Exit, Spawn, StopSignal};
use tied::{TIED, Tie};

/// Ten seconds: longer than any of these programs takes, short enough to see a failure.
const PATIENCE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};

/// Waits until the descriptor says that the process has ended.
fn wait(child: &impl AsFd) {
    let mut descriptors = [PollFd::new(child, PollFlags::IN)];
    assert_eq!(
        poll(&mut descriptors, Some(&PATIENCE)),
        Ok(1),
        "no end in time"
    );
}

fn shell(script: &str) -> Spawn {
    Spawn::new("/bin/sh").args(["-c", script])
}

fn end(mut child: Child) -> Exit {
    wait(&child);
    child.try_reap().unwrap().unwrap()
}

/// A pipe as the standard output of a program, to wait for what it says.
fn with_output(spawn: Spawn) -> (Child, PipeReader) {
    let (reader, writer) = std::io::pipe().unwrap();
    let file = File::from(std::os::fd::OwnedFd::from(writer));
    (spawn.stdout(file).start().unwrap(), reader)
}

fn read_line(output: &mut PipeReader) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while output.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    String::from_utf8(line).unwrap()
}

fn exists(pid: i32) -> bool {
    test_kill_process(Pid::from_raw(pid).unwrap()).is_ok()
}

/// A directory of its own for a test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("seda-io-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn exits_are_told_apart() {
    assert_eq!(end(Spawn::new("true").start().unwrap()), Exit::Code(0));
    assert_eq!(end(Spawn::new("false").start().unwrap()), Exit::Code(1));
    assert_eq!(end(shell("exit 77").start().unwrap()), Exit::Code(77));
    assert_eq!(end(shell("kill -9 $$").start().unwrap()), Exit::Signal(9));
    assert_eq!(
        end(shell("kill -s SEGV $$").start().unwrap()),
        Exit::Signal(11)
    );
}

#[test]
fn a_process_reads_and_writes_its_files_in_its_directory() {
    let scratch = Scratch::new("files");
    let input = scratch.0.join("input");
    fs::write(&input, "hello\n").unwrap();
    let create = |name| File::create(scratch.0.join(name)).unwrap();
    let child = shell("cat; pwd >&2; echo $WORD; touch here")
        .directory(&scratch.0)
        .env("WORD", "seda")
        .stdin(File::open(input).unwrap())
        .stdout(create("out"))
        .stderr(create("err"))
        .start()
        .unwrap();
    assert_eq!(end(child), Exit::Code(0));
    let read = |name| fs::read_to_string(scratch.0.join(name)).unwrap();
    assert_eq!(read("out"), "hello\nseda\n");
    assert_eq!(
        PathBuf::from(read("err").trim()),
        scratch.0.canonicalize().unwrap()
    );
    assert!(scratch.0.join("here").exists());
}

#[test]
fn without_files_there_is_nothing_to_read() {
    assert_eq!(end(shell("read line").start().unwrap()), Exit::Code(1));
}

#[test]
fn a_cleared_environment_holds_what_is_set_afterwards() {
    let spawn = Spawn::new("/usr/bin/env")
        .env("BEFORE", "1")
        .clear_env()
        .env("AFTER", "2");
    let (child, mut output) = with_output(spawn);
    let mut text = String::new();
    output.read_to_string(&mut text).unwrap();
    assert_eq!(text, "AFTER=2\n");
    assert_eq!(end(child), Exit::Code(0));
}

#[test]
fn a_program_that_is_not_there_is_named_with_its_directory() {
    let error = Spawn::new("/no/such/program").start().unwrap_err();
    assert_eq!(error.reason.kind(), std::io::ErrorKind::NotFound);
    assert!(
        error
            .to_string()
            .starts_with("cannot start `/no/such/program`: "),
        "{error}"
    );
    let error = Spawn::new("true")
        .directory("/no/such/place")
        .start()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot start `true` in `/no/such/place`: "),
        "{error}"
    );
}

#[test]
fn a_running_process_is_not_reaped_and_a_stopped_one_says_by_what() {
    let tie = Tie::new();
    for (signal, number) in [(StopSignal::Terminate, 15), (StopSignal::Kill, 9)] {
        let mut child = tie.idler().start().unwrap();
        assert_eq!(child.try_reap().unwrap(), None);
        assert!(child.signal_group(signal).unwrap());
        wait(&child);
        assert_eq!(child.try_reap().unwrap(), Some(Exit::Signal(number)));
    }
}

#[test]
fn a_program_may_clean_up_when_it_is_asked_to_end() {
    let tie = Tie::new();
    let script = format!("{TIED} trap 'exit 3' TERM; echo ready; cat <&3 & wait");
    let (child, mut output) = with_output(tie.to(shell(&script)));
    assert_eq!(read_line(&mut output), "ready");
    assert!(child.signal_group(StopSignal::Terminate).unwrap());
    assert_eq!(end(child), Exit::Code(3));
}

#[test]
fn nothing_is_signalled_after_the_end_was_reaped() {
    let mut child = Spawn::new("true").start().unwrap();
    wait(&child);
    assert!(
        child.signal_group(StopSignal::Kill).unwrap(),
        "the dead leader holds its number"
    );
    assert_eq!(child.try_reap().unwrap(), Some(Exit::Code(0)));
    assert!(!child.signal_group(StopSignal::Kill).unwrap());
    assert_eq!(
        child.try_reap().unwrap(),
        Some(Exit::Code(0)),
        "the end is remembered"
    );
    assert!(!exists(child.id()));
}

#[test]
fn the_whole_group_is_signalled() {
    let tie = Tie::new();
    let (child, mut output) =
        with_output(tie.to(shell(&format!("{TIED} cat <&3 & echo $!; wait"))));
    let grandchild: i32 = read_line(&mut output).parse().unwrap();
    assert!(exists(grandchild));
    child.signal_group(StopSignal::Kill).unwrap();
    assert_eq!(end(child), Exit::Signal(9));
    // The pipe ends when the last process that holds it is gone.
    assert_eq!(output.read(&mut [0]).unwrap(), 0);
}

#[test]
fn what_a_process_leaves_behind_is_killed_when_its_group_is_reaped() {
    let tie = Tie::new();
    let (mut child, mut output) =
        with_output(tie.to(shell(&format!("{TIED} cat <&3 & echo ready"))));
    assert_eq!(read_line(&mut output), "ready");
    wait(&child);
    assert_eq!(child.try_reap_group().unwrap(), Some(Exit::Code(0)));
    assert_eq!(
        output.read(&mut [0]).unwrap(),
        0,
        "the sleeper holds the pipe"
    );
}

#[test]
fn a_running_group_is_not_killed_by_an_attempt_to_reap_it() {
    let tie = Tie::new();
    let mut sleeper = tie.idler().start().unwrap();
    assert_eq!(sleeper.try_reap_group().unwrap(), None);
    assert!(test_kill_process_group(Pid::from_raw(sleeper.id()).unwrap()).is_ok());
}

#[test]
fn a_dropped_child_does_not_go_on() {
    let tie = Tie::new();
    let (child, mut output) =
        with_output(tie.to(shell(&format!("{TIED} cat <&3 & echo ready; wait"))));
    assert_eq!(read_line(&mut output), "ready");
    drop(child);
    assert_eq!(
        output.read(&mut [0]).unwrap(),
        0,
        "someone still holds the pipe"
    );
}
