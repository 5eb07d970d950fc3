//! The private directories of jobs under one root.
//!
//! Nothing here is ever removed by a path that someone else made up: a
//! directory is known by its job's id, and its path is worked out from that.
//! Symbolic links are removed, never followed.
//!
//! # Sources
//!
//! OMERO's Processor, `make_files`: `script`, `config`, `out` and `err`.

use std::collections::BTreeSet;
use std::ffi::{CString, OsString};
use std::fmt;
use std::fs::{self, DirBuilder, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::removal;
use crate::api::route::Stream;
use crate::errors::kind::JobError;
use crate::job::id::JobId;

/// Rights of a directory that only its owner may enter.
const PRIVATE: u32 = 0o700;

/// Rights that let others change a directory.
const OTHERS_WRITE: u32 = 0o022;

/// The directory under which each job has its own.
///
/// While it is open no other server can open it: it is locked, and the kernel
/// lets go of the lock when this process dies, however it dies. So whatever
/// is found in it at opening was left by a dead server.
#[derive(Debug)]
pub struct JobsRoot {
    path: PathBuf,
    /// The directory itself, locked; removals start here and not at the path.
    opened: File,
    /// Device and inode, by which a root put in its place is told apart.
    identity: (u64, u64),
}

impl JobsRoot {
    /// Opens the root, and makes it first if it is not there.
    ///
    /// # Blocking
    ///
    /// Waits for the file system, not for another server.
    ///
    /// # Errors
    ///
    /// Fails if the path is a symbolic link or no directory, if it belongs
    /// to someone else or others may write in it, or if another server has
    /// it open.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DirectoryError> {
        let path = path.as_ref();
        let failed = |source| DirectoryError::io("open", path, source);
        DirBuilder::new()
            .recursive(true)
            .mode(PRIVATE)
            .create(path)
            .map_err(failed)?;
        let found = fs::symlink_metadata(path).map_err(failed)?;
        refuse_unsafe(path, &found)?;
        let path = fs::canonicalize(path).map_err(failed)?;
        let opened = File::open(&path).map_err(failed)?;
        lock(&opened, &path)?;
        let root = Self {
            path,
            opened,
            identity: identity(&found),
        };
        root.check()?;
        Ok(root)
    }

    /// Returns the absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the directory of a job, empty and private.
    ///
    /// # Errors
    ///
    /// Fails if it exists, whatever it is: a leftover is to be swept first.
    pub fn create(&self, id: JobId) -> Result<JobDirectory, DirectoryError> {
        self.check()?;
        let directory = self.directory(id);
        let made = DirBuilder::new().mode(PRIVATE).create(&directory.path);
        made.map_err(|source| DirectoryError::io("create", &directory.path, source))?;
        Ok(directory)
    }

    /// Returns the directory of a job, whether it has been made or not.
    pub fn directory(&self, id: JobId) -> JobDirectory {
        let path = self.path.join(id.to_string());
        JobDirectory { id, path }
    }

    /// Removes the directory of a job with all that is in it. One that is
    /// gone already is well removed.
    ///
    /// # Errors
    ///
    /// Fails, and removes nothing, if the directory is not this root's.
    /// Fails, and may have removed a part, if the file system refuses.
    pub fn remove(&self, directory: &JobDirectory) -> Result<(), DirectoryError> {
        self.check()?;
        if directory.path != self.path.join(directory.id.to_string()) {
            return Err(DirectoryError::Outside(directory.path.clone()));
        }
        self.remove_tree(directory.id)
    }

    /// Removes the directories of all jobs but those to `keep`, and leaves
    /// what is no job's.
    ///
    /// # Errors
    ///
    /// Fails if the root cannot be listed. What cannot be removed is told in
    /// the answer, and does not stop the rest.
    pub fn sweep(&self, keep: &BTreeSet<JobId>) -> Result<Swept, DirectoryError> {
        self.check()?;
        let failed = |source| DirectoryError::io("list", &self.path, source);
        let mut swept = Swept::default();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let id = name
                .to_str()
                .and_then(|name| JobId::from_canonical(name).ok());
            match id {
                Some(id) if keep.contains(&id) => {}
                Some(id) => match self.remove_tree(id) {
                    Ok(()) => swept.removed.push(id),
                    Err(error) => swept.failed.push((id, error)),
                },
                None => swept.strange.push(name),
            }
        }
        swept.removed.sort_unstable();
        Ok(swept)
    }

    fn remove_tree(&self, id: JobId) -> Result<(), DirectoryError> {
        let name = id.to_string();
        // An id's text has no NUL, so this cannot fail.
        let removed = CString::new(name.as_str())
            .map_err(io::Error::from)
            .and_then(|name| removal::remove_tree(self.opened.as_fd(), &name));
        removed.map_err(|source| DirectoryError::io("remove", &self.path.join(name), source))
    }

    /// Makes sure that the root is still the one that was opened.
    fn check(&self) -> Result<(), DirectoryError> {
        let found = fs::symlink_metadata(&self.path);
        let found = found.map_err(|source| DirectoryError::io("find", &self.path, source))?;
        if identity(&found) == self.identity {
            Ok(())
        } else {
            Err(DirectoryError::Replaced(self.path.clone()))
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn refuse_unsafe(path: &Path, found: &Metadata) -> Result<(), DirectoryError> {
    let reason = if !found.is_dir() {
        "is no directory, or a symbolic link to one"
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        "belongs to another user"
    } else if found.mode() & OTHERS_WRITE != 0 {
        "may be written by other users"
    } else {
        return Ok(());
    };
    Err(DirectoryError::Unsafe {
        path: path.to_owned(),
        reason,
    })
}

/// Takes the lock of a root, without waiting for it.
fn lock(root: &File, path: &Path) -> Result<(), DirectoryError> {
    flock(root, FlockOperation::NonBlockingLockExclusive).map_err(|errno| match errno {
        Errno::WOULDBLOCK => DirectoryError::InUse(path.to_owned()),
        errno => DirectoryError::io("lock", path, errno.into()),
    })
}

/// The private directory of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobDirectory {
    id: JobId,
    path: PathBuf,
}

impl JobDirectory {
    /// Returns whose it is.
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// Returns the absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns where the script is that a launcher interprets.
    pub fn script(&self) -> PathBuf {
        self.path.join("script")
    }

    /// Returns where the launcher's configuration is.
    pub fn config(&self) -> PathBuf {
        self.path.join("config")
    }

    /// Returns where the standard output goes, unless the job names a file.
    pub fn out(&self) -> PathBuf {
        self.path.join("out")
    }

    /// Returns where the standard error goes, unless the job names a file.
    pub fn err(&self) -> PathBuf {
        self.path.join("err")
    }

    /// Returns where a stream goes, with the name that the job has for it.
    ///
    /// # Errors
    ///
    /// As for [`file`](Self::file).
    pub fn stream(&self, stream: Stream, named: Option<&str>) -> Result<PathBuf, DirectoryError> {
        match (named, stream) {
            (Some(name), _) => self.file(name),
            (None, Stream::Stdout) => Ok(self.out()),
            (None, Stream::Stderr) => Ok(self.err()),
        }
    }

    /// Returns the path of a file that the job names.
    ///
    /// # Errors
    ///
    /// Fails if the name leads out of the directory by its text: it is
    /// absolute, empty, or has `.` or `..` in it. A link that the job put
    /// there is for the one who opens the file to refuse.
    pub fn file(&self, name: &str) -> Result<PathBuf, DirectoryError> {
        let path = self.path.join(name);
        let inside = |part: Component<'_>| matches!(part, Component::Normal(_));
        if name.is_empty() || name.ends_with('/') || !Path::new(name).components().all(inside) {
            return Err(DirectoryError::Outside(path));
        }
        Ok(path)
    }
}

/// What a sweep did.
#[derive(Debug, Default)]
pub struct Swept {
    /// Jobs whose directories are gone.
    pub removed: Vec<JobId>,
    /// Jobs whose directories could not be removed, and why.
    pub failed: Vec<(JobId, DirectoryError)>,
    /// Names of what is no job's and was left alone.
    pub strange: Vec<OsString>,
}

/// Why a directory cannot be used.
#[derive(Debug)]
pub enum DirectoryError {
    /// The file system refused.
    Io {
        /// What was tried.
        verb: &'static str,
        /// On which path.
        path: PathBuf,
        /// What came of it.
        source: io::Error,
    },
    /// The path is not inside the directory where it has to be.
    Outside(PathBuf),
    /// Another server uses this root.
    InUse(PathBuf),
    /// The root is not the directory that was opened.
    Replaced(PathBuf),
    /// The root is not safe from others.
    Unsafe {
        /// The root.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
}

impl DirectoryError {
    fn io(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            verb,
            path: path.to_owned(),
            source,
        }
    }
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { verb, path, source } => {
                write!(f, "cannot {verb} `{}`: {source}", path.display())
            }
            Self::Outside(path) => {
                write!(
                    f,
                    "`{}` is not inside the directory it has to be in",
                    path.display()
                )
            }
            Self::InUse(path) => write!(
                f,
                "another server uses `{}`, stop it or choose another directory",
                path.display()
            ),
            Self::Replaced(path) => write!(
                f,
                "`{}` was replaced while in use, nothing is removed there; restart the server",
                path.display()
            ),
            Self::Unsafe { path, reason } => {
                write!(
                    f,
                    "`{}` {reason}, choose a directory of the server's own",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for DirectoryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<DirectoryError> for JobError {
    fn from(error: DirectoryError) -> Self {
        Self::DirectoryFailed {
            reason: error.to_string(),
        }
    }
}
