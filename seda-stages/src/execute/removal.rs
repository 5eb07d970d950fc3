//! Removing a directory with all that a job left in it.
//!
//! The standard library's `remove_dir_all` recurses and holds a descriptor
//! for each level, so a job that nests directories some thousands deep ends the
//! server with it, and a job that takes away its own rights keeps its
//! directory. Here each directory found inside is moved up to the top first:
//! neither stack nor descriptors grow with the depth, and no path is ever
//! looked up twice, so no link is followed.
//!
//! # Sources
//!
//! unlink(2), rename(2), openat(2).

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, chmod, fchmod, openat, renameat, unlinkat};
use rustix::io::Errno;

/// How often the top is listed anew; each time the tree is one level less
/// deep, unless someone goes on making directories.
const LISTINGS_MAX: u32 = 10_000_000;

/// Removes `name` from the directory `parent`, with all that is below it. A
/// link of that name is removed, not what it shows. Nothing there is well
/// removed.
///
/// # Errors
///
/// Fails if the system refuses, or if the tree grows while it is removed.
pub(super) fn remove_tree(parent: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    if !is_directory_after_unlink(parent, name)? {
        return Ok(());
    }
    let top = open_directory(parent, name)?;
    let mut moved = 0;
    for _ in 0..LISTINGS_MAX {
        let mut is_empty = true;
        for entry in names(&top)? {
            is_empty = false;
            clear(top.as_fd(), &entry?, &mut moved)?;
        }
        if is_empty {
            return Ok(unlinkat(parent, name, AtFlags::REMOVEDIR)?);
        }
    }
    Err(io::Error::other("it grows while it is being removed"))
}

/// Removes an entry of the top directory; directories inside it come to the
/// top instead.
fn clear(top: BorrowedFd<'_>, name: &CStr, moved: &mut u64) -> io::Result<()> {
    if !is_directory_after_unlink(top, name)? {
        return Ok(());
    }
    let directory = open_directory(top, name)?;
    for entry in names(&directory)? {
        let entry = entry?;
        if is_directory_after_unlink(directory.as_fd(), &entry)? {
            // Moving it changes its `..`, for which it must be writable.
            open_directory(directory.as_fd(), &entry)?;
            move_up(directory.as_fd(), &entry, (top, moved))?;
        }
    }
    Ok(unlinkat(top, name, AtFlags::REMOVEDIR)?)
}

/// Moves a directory to the top under a name that is free there.
fn move_up(
    from: BorrowedFd<'_>,
    name: &CStr,
    (top, moved): (BorrowedFd<'_>, &mut u64),
) -> io::Result<()> {
    loop {
        *moved += 1;
        // Taken names are as many as the job made: the loop ends.
        match renameat(from, name, top, format!(".{moved}")) {
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
            done => return Ok(done?),
        }
    }
}

/// Unlinks what is no directory; tells whether there is a directory instead.
fn is_directory_after_unlink(parent: BorrowedFd<'_>, name: &CStr) -> io::Result<bool> {
    match unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(false),
        Err(Errno::ISDIR) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

/// Opens a directory, no link, and gives its owner all rights on it.
fn open_directory(parent: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match openat(parent, name, flags | OFlags::RDONLY, Mode::empty()) {
        Err(Errno::ACCESS) => {
            // A directory that its owner may not read can still be pointed
            // at, and given rights through that.
            let pointed = openat(parent, name, flags | OFlags::PATH, Mode::empty())?;
            chmod(format!("/proc/self/fd/{}", pointed.as_raw_fd()), Mode::RWXU)?;
            openat(parent, name, flags | OFlags::RDONLY, Mode::empty())?
        }
        opened => opened?,
    };
    fchmod(&opened, Mode::RWXU)?;
    Ok(opened)
}

/// Lists a directory without `.` and `..`.
fn names(directory: &OwnedFd) -> io::Result<impl Iterator<Item = io::Result<CString>>> {
    let entries = Dir::read_from(directory)?;
    Ok(entries.filter_map(|entry| match entry {
        Ok(entry) if matches!(entry.file_name().to_bytes(), b"." | b"..") => None,
        Ok(entry) => Some(Ok(entry.file_name().to_owned())),
        Err(errno) => Some(Err(errno.into())),
    }))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use rustix::fs::mkdirat;

    use super::*;

    fn remove(parent: &Path, name: &CStr) -> io::Result<()> {
        remove_tree(File::open(parent).unwrap().as_fd(), name)
    }

    #[test]
    fn depth_costs_neither_stack_nor_descriptors() {
        const DEPTH: usize = 4_000;
        let here = tempfile::tempdir().unwrap();
        let mut directory = OwnedFd::from(File::open(here.path()).unwrap());
        for _ in 0..DEPTH {
            mkdirat(&directory, c"x", Mode::RWXU).unwrap();
            directory = open_directory(directory.as_fd(), c"x").unwrap();
        }
        remove(here.path(), c"x").unwrap();
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0);
    }

    #[test]
    fn names_that_moving_up_would_use_are_no_obstacle() {
        let here = tempfile::tempdir().unwrap();
        let top = here.path().join("top");
        for path in ["a/b/c/d", "a/b/e", ".2/full", ".4"] {
            fs::create_dir_all(top.join(path)).unwrap();
        }
        for path in [".1", ".3", "a/.1", "a/b/file", ".2/file"] {
            fs::write(top.join(path), "x").unwrap();
        }
        remove(here.path(), c"top").unwrap();
        assert!(!top.exists());
    }

    #[test]
    fn rights_that_were_taken_away_come_back() {
        let here = tempfile::tempdir().unwrap();
        let closed = here.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
        let parent = File::open(here.path()).unwrap();
        open_directory(parent.as_fd(), c"closed").unwrap();
        assert_eq!(
            fs::metadata(&closed).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn a_tree_without_rights_goes_too() {
        let here = tempfile::tempdir().unwrap();
        let top = here.path().join("top");
        let inner = top.join("a/b/c");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("file"), "x").unwrap();
        for (path, mode) in [(&inner, 0o555), (&top.join("a/b"), 0o000), (&top, 0o500)] {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        remove(here.path(), c"top").unwrap();
        assert!(!top.exists());
    }

    #[test]
    fn files_and_nothing_are_removed_too() {
        let here = tempfile::tempdir().unwrap();
        fs::write(here.path().join("file"), "x").unwrap();
        remove(here.path(), c"file").unwrap();
        remove(here.path(), c"file").unwrap();
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0);
        assert!(
            open_directory(File::open("/").unwrap().as_fd(), c"proc/self/cwd").is_err(),
            "a link"
        );
    }
}
