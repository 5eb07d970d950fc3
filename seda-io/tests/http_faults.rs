//! Faults of the machine below a server of files: what may not be read, what vanishes.
//!
//! Elsewhere: a file cut short (`http_files`), a port in use (`http_drain`), bad
//! certificates (`https`), no descriptors left (`http_descriptors`).
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use rustix::process::{Gid, Uid, getuid};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};
use seda_core::{Graph, Plan};
use seda_io::http::{Files, Limits, StaticFiles};
use serving::{Raw, Serving, serve_in};

/// The user who owns nothing, on all Linux systems.
const NOBODY: u32 = 65_534;
/// More than sockets hold between them.
const LARGE: usize = 40_000_000;

/// Runs `work` in a thread that may do no more than any user, and so may those
/// that it starts; the tests themselves mostly run as root.
fn as_nobody(work: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let unprivileged = scope.spawn(|| {
            if getuid().is_root() {
                set_thread_groups(&[]).unwrap();
                set_thread_gid(Gid::from_raw(NOBODY)).unwrap();
                set_thread_uid(Uid::from_raw(NOBODY)).unwrap();
            }
            work();
        });
        unprivileged.join().unwrap();
    });
}

fn serve(files: StaticFiles) -> (Serving, Files) {
    let mut attached = None;
    let plan = Plan::default().workers(1);
    let serving = serve_in(Graph::new("test"), plan, Limits::default(), |graph| {
        let files = files.attach(graph, "files");
        let stage = files.stage.clone();
        attached = Some(files);
        stage
    });
    (serving, attached.unwrap())
}

fn status(client: &mut Raw, path: &str) -> u16 {
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.answer().status
}

fn write(root: &Path, name: &str, mode: u32) {
    fs::write(root.join(name), name).unwrap();
    fs::set_permissions(root.join(name), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_file_that_may_not_be_read_is_answered_403_counted_and_disturbs_nobody() {
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
    write(root.path(), "open", 0o644);
    write(root.path(), "secret", 0o000);
    let closed = root.path().join("closed");
    fs::create_dir(&closed).unwrap();
    write(&closed, "file", 0o644);
    fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
    let files = StaticFiles::of(root.path()).unwrap();
    as_nobody(|| {
        let refused = File::open(root.path().join("secret")).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        let (serving, files) = serve(files);
        let mut client = serving.connect();
        for (path, expected) in [
            ("/open", 200),
            ("/secret", 403),
            ("/closed/file", 403),
            ("/open", 200),
            ("/missing", 404),
        ] {
            assert_eq!(status(&mut client, path), expected, "{path}");
        }
        assert_eq!(files.counts().failed, 2);
        drop(client);
        serving.end();
    });
    fs::set_permissions(&closed, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_file_that_vanishes_while_it_is_sent_arrives_whole() {
    let root = tempfile::tempdir().unwrap();
    let large = root.path().join("large");
    let bytes: Vec<u8> = (0..LARGE).map(|n| n.to_le_bytes()[0]).collect();
    fs::write(&large, &bytes).unwrap();
    let (serving, files) = serve(StaticFiles::of(root.path()).unwrap());
    let mut slow = serving.connect();
    slow.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(slow.answer_without_body().status, 200);
    fs::remove_file(&large).unwrap();
    let mut arrived = vec![0; LARGE];
    slow.0.read_exact(&mut arrived).unwrap();
    assert!(arrived == bytes, "it is not what it was");
    let figures = serving.figures();
    assert_eq!((figures.cut_short, files.counts().failed), (0, 0));
    drop(slow);
    serving.end();
}
