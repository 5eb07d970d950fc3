//! Private directories of jobs: made private, removed whole, and nothing
//! outside of them touched.

#![allow(
    clippy::unwrap_used,
    reason = "the helper functions of a test fail by panicking"
)]

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use seda_stages::execute::directory::{DirectoryError, JobsRoot};
use seda_stages::job::id::JobId;
use tempfile::TempDir;

fn id(number: u64) -> JobId {
    number.to_string().parse().unwrap()
}

/// A root, and beside it a directory with a file that must survive.
struct Scene {
    here: TempDir,
    root: JobsRoot,
}

impl Scene {
    fn new() -> Self {
        let here = tempfile::tempdir().unwrap();
        fs::create_dir(here.path().join("precious")).unwrap();
        fs::write(here.path().join("precious/file"), "kept").unwrap();
        let root = JobsRoot::open(here.path().join("jobs")).unwrap();
        Self { here, root }
    }

    fn precious(&self) -> PathBuf {
        self.here.path().join("precious")
    }

    fn assert_precious_is_whole(&self) {
        assert_eq!(
            fs::read_to_string(self.precious().join("file")).unwrap(),
            "kept"
        );
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn directories_are_private_and_empty() {
    let scene = Scene::new();
    let directory = scene.root.create(id(1)).unwrap();
    assert_eq!(
        (mode(scene.root.path()), mode(directory.path())),
        (0o700, 0o700)
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    assert_eq!(directory.path(), scene.root.path().join("job-1"));
    let paths = [
        directory.script(),
        directory.config(),
        directory.out(),
        directory.err(),
    ];
    let names = paths.map(|path| path.strip_prefix(directory.path()).unwrap().to_owned());
    assert_eq!(names, ["script", "config", "out", "err"].map(PathBuf::from));
}

#[test]
fn what_exists_is_never_taken_over() {
    let scene = Scene::new();
    scene.root.create(id(1)).unwrap();
    assert!(scene.root.create(id(1)).is_err());
    symlink(scene.precious(), scene.root.path().join("job-2")).unwrap();
    assert!(scene.root.create(id(2)).is_err());
    symlink("/nowhere/at/all", scene.root.path().join("job-3")).unwrap();
    assert!(scene.root.create(id(3)).is_err());
}

#[test]
fn removal_takes_links_but_not_what_they_show() {
    let scene = Scene::new();
    let directory = scene.root.create(id(1)).unwrap();
    fs::create_dir_all(directory.path().join("deep/er")).unwrap();
    symlink(scene.precious(), directory.path().join("link")).unwrap();
    symlink(
        scene.precious().join("file"),
        directory.path().join("deep/er/file"),
    )
    .unwrap();
    symlink("..", directory.path().join("deep/up")).unwrap();
    scene.root.remove(&directory).unwrap();
    assert!(!directory.path().exists());
    scene.assert_precious_is_whole();
    scene.root.remove(&directory).expect("gone is well removed");
}

#[test]
fn a_directory_turned_into_a_link_is_only_unlinked() {
    let scene = Scene::new();
    let directory = scene.root.create(id(1)).unwrap();
    fs::remove_dir(directory.path()).unwrap();
    symlink(scene.precious(), directory.path()).unwrap();
    scene.root.remove(&directory).unwrap();
    assert!(
        fs::symlink_metadata(directory.path()).is_err(),
        "the link is gone"
    );
    scene.assert_precious_is_whole();
}

#[test]
fn directories_of_other_roots_are_refused() {
    let (scene, other) = (Scene::new(), Scene::new());
    let theirs = other.root.create(id(1)).unwrap();
    let refused = scene.root.remove(&theirs).unwrap_err();
    assert!(matches!(refused, DirectoryError::Outside(_)), "{refused}");
    assert!(theirs.path().exists());
}

#[test]
fn a_root_that_was_replaced_is_left_alone() {
    let scene = Scene::new();
    let directory = scene.root.create(id(1)).unwrap();
    let moved = scene.here.path().join("moved");
    fs::rename(scene.root.path(), &moved).unwrap();
    fs::create_dir(scene.precious().join("job-1")).unwrap();
    symlink(scene.precious(), scene.root.path()).unwrap();

    let replaced = |result: Result<(), _>| matches!(result, Err(DirectoryError::Replaced(_)));
    assert!(replaced(scene.root.remove(&directory)));
    assert!(replaced(scene.root.sweep(&BTreeSet::new()).map(drop)));
    assert!(replaced(scene.root.create(id(2)).map(drop)));
    assert!(scene.precious().join("job-1").exists());
    scene.assert_precious_is_whole();
}

#[test]
fn named_files_stay_inside() {
    let scene = Scene::new();
    let directory = scene.root.create(id(1)).unwrap();
    assert_eq!(directory.file("a/b").unwrap(), directory.path().join("a/b"));
    for name in ["", "/etc/passwd", "..", "a/../..", ".", "a/", "./a"] {
        assert!(directory.file(name).is_err(), "{name:?}");
    }
}

#[test]
fn a_sweep_removes_leftovers_and_nothing_else() {
    let scene = Scene::new();
    for number in 1..=4 {
        let directory = scene.root.create(id(number)).unwrap();
        fs::write(directory.out(), "left").unwrap();
    }
    let root = scene.root.path().to_owned();
    for strange in ["job-", "job-01", "job-x", "notes", "job-5.bak"] {
        fs::create_dir(root.join(strange)).unwrap();
    }
    symlink(scene.precious(), root.join("job-9")).unwrap();

    let swept = scene.root.sweep(&BTreeSet::from([id(2)])).unwrap();
    assert_eq!(swept.removed, [id(1), id(3), id(4), id(9)]);
    assert!(swept.failed.is_empty(), "{swept:?}");
    let strange: BTreeSet<_> = swept
        .strange
        .iter()
        .map(|name| name.to_str().unwrap())
        .collect();
    assert_eq!(
        strange,
        BTreeSet::from(["job-", "job-01", "job-5.bak", "job-x", "notes"])
    );
    let left: BTreeSet<_> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 6, "job-2 and five strange ones: {left:?}");
    assert!(root.join("job-2/out").exists());
    scene.assert_precious_is_whole();
}

#[test]
fn a_root_has_one_server_at_a_time() {
    let scene = Scene::new();
    let path = scene.root.path().to_owned();
    let refused = JobsRoot::open(&path).unwrap_err();
    assert!(matches!(refused, DirectoryError::InUse(_)), "{refused}");
    drop(scene.root);
    JobsRoot::open(&path).expect("its lock went with it");
}

#[test]
fn roots_that_are_not_the_servers_own_are_refused() {
    let here = tempfile::tempdir().unwrap();
    let refused = |path: &Path| match JobsRoot::open(path) {
        Err(DirectoryError::Unsafe { reason, .. }) => reason,
        other => panic!("{path:?} gave {other:?}"),
    };
    let real = here.path().join("real");
    fs::create_dir(&real).unwrap();
    let link = here.path().join("link");
    symlink(&real, &link).unwrap();
    assert_eq!(refused(&link), "is no directory, or a symbolic link to one");
    fs::set_permissions(&real, Permissions::from_mode(0o777)).unwrap();
    assert_eq!(refused(&real), "may be written by other users");
    assert!(
        !real.join("lock").exists(),
        "refused before anything was made in it"
    );

    fs::write(here.path().join("file"), "").unwrap();
    assert!(JobsRoot::open(here.path().join("file")).is_err());
}
