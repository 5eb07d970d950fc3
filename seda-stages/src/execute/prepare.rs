//! The stage that makes ready what a job's process needs.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;
use seda_core::{Batch, BoxError, Handler, Sink, reserve_all};
use seda_io::process::Spawn;

use super::command::CommandLine;
use super::directory::{DirectoryError, JobDirectory, JobsRoot};
use crate::dispatch::event::{Assignment, JobEvent};
use crate::errors::kind::JobError;
use crate::job::record::Ending;

/// Files that a job writes belong to the server's user alone.
const PRIVATE_FILE: u32 = 0o600;

/// Any of the three rights to execute a file.
const ANY_EXECUTE: u32 = 0o111;

/// A job whose process can be started.
#[derive(Debug)]
pub struct Ready {
    /// Whose.
    pub assignment: Assignment,
    /// Its process.
    pub spawn: Spawn,
}

/// Makes the directory, opens the files and finds the program of each job.
#[derive(Clone, Debug)]
pub struct Prepare {
    /// Where directories are made.
    pub root: Arc<JobsRoot>,
    /// The server's own environment, of which jobs inherit a little.
    pub environment: Arc<[(OsString, OsString)]>,
    /// Where jobs go that are ready.
    pub launch: Sink<Ready>,
    /// Where jobs go that cannot be made ready.
    pub jobs: Sink<JobEvent>,
}

impl Prepare {
    fn prepare(&self, assignment: &Assignment) -> Result<Spawn, JobError> {
        let job = &assignment.description.application;
        let directory = self.root.create(assignment.id)?;
        let environment = self.environment.iter().cloned();
        let command = CommandLine::new(&assignment.description, &directory, environment);
        let program = find(&command, &directory).map_err(|error| JobError::SpawnFailed {
            program: job.executable.path.clone(),
            reason: error.to_string(),
        })?;
        let mut spawn = Spawn::new(program).args(command.arguments).clear_env();
        for (name, value) in command.environment {
            spawn = spawn.env(name, value);
        }
        let stdout = output(&directory, job.output.as_deref(), directory.out())?;
        spawn = match &job.error {
            // The same file for both joins them; the position is shared.
            Some(error) if job.output.as_ref() == Some(error) => {
                let twin = stdout.try_clone();
                spawn.stderr(twin.map_err(|error| failed("share", &directory.out(), &error))?)
            }
            error => spawn.stderr(output(&directory, error.as_deref(), directory.err())?),
        };
        spawn = spawn.stdout(stdout).directory(directory.path());
        match &job.input {
            None => Ok(spawn),
            Some(name) => Ok(spawn.stdin(input(&directory, name)?)),
        }
    }
}

impl Handler for Prepare {
    type Event = Assignment;

    fn handle(&mut self, batch: &mut Batch<Assignment>) -> Result<(), BoxError> {
        while let Some(assignment) = batch.next() {
            // Room first, on both ways out: what is prepared is not done in vain.
            let Ok((mut launch, mut jobs)) = reserve_all(((&self.launch, 1), (&self.jobs, 1)))
            else {
                batch.defer(assignment);
                break;
            };
            match self.prepare(&assignment) {
                Ok(spawn) => launch.fill(Ready { assignment, spawn }),
                Err(failure) => {
                    jobs.fill(JobEvent::Ended(assignment.id, Ending::failed(failure)));
                }
            }
        }
        Ok(())
    }
}

/// Makes the file that a stream goes to, anew.
fn output(
    directory: &JobDirectory,
    named: Option<&str>,
    otherwise: PathBuf,
) -> Result<File, JobError> {
    let path = named.map_or(Ok(otherwise), |name| directory.file(name))?;
    let opened = OpenOptions::new()
        .create_new(true)
        // Two streams in one file must not overwrite each other.
        .append(true)
        .mode(PRIVATE_FILE)
        .open(&path);
    opened.map_err(|error| failed("create", &path, &error))
}

/// Opens the file that a job reads: one in its directory, or an absolute path.
fn input(directory: &JobDirectory, name: &str) -> Result<File, JobError> {
    let path = if Path::new(name).is_absolute() {
        PathBuf::from(name)
    } else {
        directory.file(name)?
    };
    // A pipe without a writer would be waited for.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(&path);
    opened.map_err(|error| failed("open", &path, &error))
}

fn failed(verb: &'static str, path: &Path, error: &io::Error) -> JobError {
    let source = io::Error::new(error.kind(), error.to_string());
    let path = path.to_owned();
    JobError::from(DirectoryError::Io { verb, path, source })
}

/// Finds the program as `execvp(3)` does, in the job's own `PATH`: a path that
/// needs no search is started without a copy of the server.
fn find(command: &CommandLine, directory: &JobDirectory) -> io::Result<PathBuf> {
    let program = Path::new(&command.program);
    if command.program.as_encoded_bytes().contains(&b'/') {
        return executable(directory.path().join(program));
    }
    let places = command.environment.get(OsStr::new("PATH"));
    let places = places.map(std::env::split_paths).into_iter().flatten();
    let mut refused = None;
    for place in places {
        match executable(directory.path().join(place).join(program)) {
            Ok(found) => return Ok(found),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                refused = Some(error);
            }
            Err(_) => {}
        }
    }
    let missing = || io::Error::new(io::ErrorKind::NotFound, "no such program along its PATH");
    Err(refused.unwrap_or_else(missing))
}

fn executable(path: PathBuf) -> io::Result<PathBuf> {
    let found = path.metadata()?;
    if found.is_file() && found.permissions().mode() & ANY_EXECUTE != 0 {
        Ok(path)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use seda_core::testing::{Probe, batch, left_in, probe};

    use super::*;
    use crate::describe::json;
    use crate::job::id::JobId;
    use crate::target::TargetName;

    struct Bench {
        prepare: Prepare,
        ready: Probe<Ready>,
        failed: Probe<JobEvent>,
        here: tempfile::TempDir,
    }

    fn bench(path: &str) -> Bench {
        let here = tempfile::tempdir().unwrap();
        let ((launch, ready), (jobs, failed)) = (probe(1), probe(1));
        let prepare = Prepare {
            root: Arc::new(JobsRoot::open(here.path().join("jobs")).unwrap()),
            environment: Arc::new([("PATH".into(), path.into())]),
            launch,
            jobs,
        };
        Bench {
            prepare,
            ready,
            failed,
            here,
        }
    }

    fn job(id: JobId, text: &str) -> Assignment {
        Assignment {
            id,
            target: TargetName::new("here"),
            description: Arc::new(json::parse(text.as_bytes()).unwrap()),
        }
    }

    /// Prepares one job; gives why it could not be, if so.
    fn failure(bench: &mut Bench, text: &str) -> Option<String> {
        let handled = bench.prepare.handle(&mut batch([job(JobId::FIRST, text)]));
        handled.unwrap();
        let failure = bench.failed.take().pop();
        assert_eq!(
            bench.ready.take().is_empty(),
            failure.is_some(),
            "one way out, not both"
        );
        failure.map(|event| match event {
            JobEvent::Ended(JobId::FIRST, ending) => ending.failure.unwrap().to_string(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_program_is_found_along_the_path_or_told_to_be_missing() {
        let sh = r#"{"executable": "sh"}"#;
        assert_eq!(failure(&mut bench("/nowhere:/bin:/usr/bin"), sh), None);
        let missing = failure(&mut bench("/nowhere"), sh).unwrap();
        assert!(
            missing.contains("`sh` could not be started: no such program"),
            "{missing}"
        );
        let path = r#"{"executable": "/bin/sh"}"#;
        assert_eq!(failure(&mut bench(""), path), None);
        let directory = failure(&mut bench(""), r#"{"executable": "/bin"}"#).unwrap();
        assert!(directory.contains("permission denied"), "{directory}");
    }

    #[test]
    fn streams_go_to_private_files_of_the_job() {
        let mut bench = bench("/bin:/usr/bin");
        let named = r#"{"executable": "sh", "output": "log", "error": "log"}"#;
        assert_eq!(failure(&mut bench, named), None);
        let directory = bench.prepare.root.directory(JobId::FIRST);
        let log = fs::metadata(directory.file("log").unwrap()).unwrap();
        assert_eq!(log.permissions().mode() & 0o777, PRIVATE_FILE);
        assert!(!directory.out().exists() && !directory.err().exists());
    }

    #[test]
    fn an_input_that_is_not_there_is_told() {
        let absent = r#"{"executable": "sh", "input": "absent"}"#;
        let told = failure(&mut bench("/bin:/usr/bin"), absent).unwrap();
        assert!(told.contains("cannot open"), "{told}");
    }

    #[test]
    fn without_room_on_both_ways_nothing_is_made() {
        let mut bench = bench("/bin:/usr/bin");
        let id = JobId::FIRST;
        let sh = r#"{"executable": "sh"}"#;
        let mut jobs = batch([job(id, sh), job(id.next(), sh)]);
        bench.prepare.handle(&mut jobs).unwrap();
        assert_eq!(bench.ready.take().len(), 1);
        let left: Vec<_> = left_in(jobs).iter().map(|job| job.id).collect();
        assert_eq!(left, [id.next()]);
        assert!(!bench.prepare.root.directory(id.next()).path().exists());
        drop(bench.here);
    }
}
