//! A disk without room: who is told what, and what goes on.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Ended, Server};

const CONFIG: &str = "[jobs]\nslots = 1\n[[target]]\nname = \"here\"\n";

/// Puts a small disk where jobs are, which nobody else sees. A user may do so in
/// a namespace of users; where that is forbidden, as in some containers, the
/// server does not start, and the test says why.
const ON_A_SMALL_DISK: &str = r#"
    mkdir seda-jobs
    mount='mount -t tmpfs -o size=256k,nr_inodes=64,mode=700 none seda-jobs && exec "$@"'
    exec unshare --user --map-root-user --mount sh -c "$mount" sh "$@"
"#;

/// No file may be longer than one block of 512 bytes, neither a job's nor the log.
const WITH_SHORT_FILES: &str = r#"trap '' XFSZ; ulimit -f 1; exec "$@""#;

fn script(text: &str) -> Value {
    json!({"executable": "sh", "arguments": ["-c", text]})
}

/// Makes files until there is room for none more; returns them.
fn fill(directory: &Path) -> Vec<PathBuf> {
    let mut fillers = Vec::new();
    loop {
        let filler = directory.join(format!("filler-{}", fillers.len()));
        match File::create(&filler) {
            Ok(_) => fillers.push(filler),
            Err(error) if error.kind() == ErrorKind::StorageFull => return fillers,
            Err(error) => panic!("{}: {error}", filler.display()),
        }
    }
}

/// Writes until there is no room for one byte more; returns the file.
fn fill_with_bytes(directory: &Path) -> PathBuf {
    let filler = directory.join("filler");
    let mut file = File::create(&filler).unwrap();
    loop {
        match file.write(&[0; 4096]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return filler,
            Err(error) => panic!("{}: {error}", filler.display()),
        }
    }
}

/// Runs a job that must end well, and say so.
fn assert_works(server: &mut Server) {
    let id = server.submit(&script("echo fine | tee file"));
    server.wait_for_state(&id, "FINISHED");
    assert_eq!(server.get(&format!("/jobs/{id}/stdout")).body, b"fine\n");
}

/// Has a job fail; returns its record.
fn fail(server: &mut Server, job: &Value, code: &str) -> Value {
    let id = server.submit(job);
    let record = server.wait_for_state(&id, "FAILED");
    assert_eq!(record["failure"]["code"], code, "{record:#}");
    record
}

fn assert_exact(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for line in ended.ledger() {
        let lost = line.rejected + line.failed + line.expired + line.dead;
        assert_eq!((lost, line.queued, line.in_hand), (0, 0, 0), "{line:?}");
    }
}

#[test]
fn jobs_fail_while_the_disk_is_full_and_work_when_there_is_room_again() {
    let here = tempfile::tempdir().unwrap();
    let mut server = Server::start_by(ON_A_SMALL_DISK, here, CONFIG);
    let disk = server.own_root();
    assert_works(&mut server);

    // Not even the directory can be made.
    let mut fillers = fill(&disk);
    let record = fail(&mut server, &script("true"), "directory_failed");
    let (id, told) = (record["id"].as_str().unwrap(), &record["failure"]);
    let path = server.root.canonicalize().unwrap().join(id);
    let expected = format!("cannot create `{}`: No space left", path.display());
    assert!(
        told["message"].as_str().unwrap().contains(&expected),
        "{told:#}"
    );
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("check space"), "{message}");

    // The directory can be made, but nothing in it.
    fs::remove_file(fillers.pop().unwrap()).unwrap();
    let record = fail(&mut server, &script("true"), "directory_failed");
    let id = record["id"].as_str().unwrap();
    let told = record["failure"]["message"].as_str().unwrap();
    assert!(
        told.contains(&format!("/{id}/out`: No space left")),
        "{told}"
    );
    assert_eq!(server.get(&format!("/jobs/{id}/stdout")).body, b"");

    for filler in fillers {
        fs::remove_file(filler).unwrap();
    }
    assert_works(&mut server);

    // There is room for files, but for nothing in them: that the job itself must see.
    let filler = fill_with_bytes(&disk);
    let record = fail(&mut server, &script("echo lost"), "exit_non_zero");
    let id = record["id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/jobs/{id}/stdout")).body, b"");
    fs::remove_file(filler).unwrap();
    assert_works(&mut server);

    // A server on a full disk ends in order, too.
    fill(&disk);
    fail(&mut server, &script("true"), "directory_failed");
    assert_exact(&server.terminate());
}

#[test]
fn a_server_whose_log_cannot_grow_goes_on_and_ends_in_order() {
    let here = tempfile::tempdir().unwrap();
    let mut server = Server::start_by(WITH_SHORT_FILES, here, CONFIG);
    let job = script("head -c 10000 /dev/zero");
    let record = fail(&mut server, &job, "exit_non_zero");
    let id = record["id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/jobs/{id}/stdout")).body, [0; 512]);
    let stderr = server.get(&format!("/jobs/{id}/stderr")).body;
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(stderr.contains("File too large"), "{stderr}");
    assert_works(&mut server);

    // The ledger did not fit, but it was exact.
    let ended = server.terminate();
    assert_eq!(ended.stderr.len(), 512, "{}", ended.stderr);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
