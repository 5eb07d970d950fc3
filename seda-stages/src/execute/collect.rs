//! The stage that takes over what an ended process leaves: its exit and its output.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;
use seda_core::{Batch, BoxError, Handler, Sink};
use seda_io::process::{self, Exited};

use super::alarm::Alarms;
use super::cancel::Stop;
use super::directory::JobsRoot;
use crate::api::route::Stream;
use crate::dispatch::event::{Assignment, JobEvent, meta};
use crate::errors::kind::JobError;
use crate::job::exit::Exit;
use crate::job::record::Ending;

/// Judges how processes ended, and cuts their output to what is kept.
#[derive(Clone, Debug)]
pub struct Collect {
    /// Where the output is.
    pub root: Arc<JobsRoot>,
    /// Alarms of jobs, which end with them.
    pub alarms: Alarms<Stop>,
    /// Bytes of each stream that are kept.
    pub output_bytes_max: u64,
    /// Who wants to know.
    pub jobs: Sink<JobEvent>,
}

impl Collect {
    fn collect(&self, exited: Exited<Assignment>) -> JobEvent {
        let Exited { tag, exit, .. } = exited;
        let job = &tag.description;
        self.alarms.clear(tag.id);
        for stream in [Stream::Stdout, Stream::Stderr] {
            let directory = self.root.directory(tag.id);
            let path = directory.stream(stream, stream.file_of(job));
            let done = path.map(|path| cut(&path, self.output_bytes_max));
            if let Ok(Err(error)) = done {
                tracing::warn!(target: "seda", job = %tag.id, "its output stays as long as it is: {error}");
            }
        }
        let ending = match exit.map(known) {
            Ok(Some(exit)) => Ending::judged(exit, job),
            Ok(None) => Ending::failed(unjudged("an exit that no process has")),
            Err(error) => Ending::failed(unjudged(&error.to_string())),
        };
        JobEvent::Ended(tag.id, ending)
    }
}

impl Handler for Collect {
    type Event = Exited<Assignment>;

    fn handle(&mut self, batch: &mut Batch<Self::Event>) -> Result<(), BoxError> {
        while let Some(exited) = batch.next() {
            // The event comes from outside and inherits nothing.
            let Ok(mut room) = self.jobs.with(meta(exited.tag.id)).reserve(1) else {
                batch.defer(exited);
                break;
            };
            room.fill(self.collect(exited));
        }
        Ok(())
    }
}

fn unjudged(reason: &str) -> JobError {
    JobError::StageFailed {
        stage: "collect".to_owned(),
        reason: reason.to_owned(),
    }
}

/// Reads an exit as the operating system tells it.
fn known(exit: process::Exit) -> Option<Exit> {
    match exit {
        process::Exit::Code(code) => u8::try_from(code).ok().map(Exit::Code),
        process::Exit::Signal(signal) => u8::try_from(signal).ok().map(Exit::Signal),
    }
}

/// Cuts a file that is longer than `bytes_max`; what is no file of the job's
/// any more is left alone.
fn cut(path: &Path, bytes_max: u64) -> io::Result<()> {
    let found = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.is_file() || found.len() <= bytes_max {
        return Ok(());
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new()
        .write(true)
        .custom_flags(flags)
        .open(path)?;
    file.set_len(bytes_max)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use seda_core::testing::{batch, left_in, probe};

    use super::*;
    use crate::describe::json;
    use crate::dispatch::event::job_of;
    use crate::job::id::JobId;
    use crate::target::TargetName;

    fn exited(exit: io::Result<process::Exit>) -> Exited<Assignment> {
        let description = json::parse(br#"{"executable": "a", "error": "log"}"#).unwrap();
        let tag = Assignment {
            id: JobId::FIRST,
            target: TargetName::new("here"),
            description: Arc::new(description),
        };
        Exited { tag, id: 1, exit }
    }

    fn collect(
        room: usize,
    ) -> (
        Collect,
        seda_core::testing::Probe<JobEvent>,
        tempfile::TempDir,
    ) {
        let here = tempfile::tempdir().unwrap();
        let (jobs, told) = probe(room);
        let collect = Collect {
            root: Arc::new(JobsRoot::open(here.path().join("jobs")).unwrap()),
            alarms: Alarms::default(),
            output_bytes_max: 4,
            jobs,
        };
        (collect, told, here)
    }

    #[test]
    fn ends_are_judged_and_belong_to_their_job() {
        let (mut collect, told, _here) = collect(8);
        let exits = [
            exited(Ok(process::Exit::Code(0))),
            exited(Ok(process::Exit::Code(3))),
            exited(Ok(process::Exit::Signal(9))),
            exited(Err(io::Error::other("gone"))),
        ];
        collect.handle(&mut batch(exits)).unwrap();
        let outcomes = told.take_with_meta();
        let codes: Vec<_> = outcomes
            .iter()
            .map(|(event, _)| match event {
                JobEvent::Ended(JobId::FIRST, ending) => {
                    ending.failure.as_ref().map(JobError::code)
                }
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            None,
            Some("exit_non_zero"),
            Some("killed_by_signal"),
            Some("stage_failed"),
        ];
        assert_eq!(codes, expected);
        assert!(
            outcomes
                .iter()
                .all(|(_, meta)| job_of(meta) == Some(JobId::FIRST))
        );
    }

    #[test]
    fn output_is_cut_to_what_is_kept_and_no_link_is_followed() {
        let (mut collect, told, here) = collect(1);
        let directory = collect.root.create(JobId::FIRST).unwrap();
        let victim = here.path().join("victim");
        fs::write(&victim, "123456").unwrap();
        std::os::unix::fs::symlink(&victim, directory.out()).unwrap();
        fs::write(directory.file("log").unwrap(), "123456").unwrap();
        let mut two = batch([
            exited(Ok(process::Exit::Code(0))),
            exited(Ok(process::Exit::Code(0))),
        ]);
        collect.handle(&mut two).unwrap();
        assert_eq!(fs::read(victim).unwrap(), b"123456");
        assert_eq!(fs::read(directory.file("log").unwrap()).unwrap(), b"1234");
        assert_eq!(
            (told.take().len(), left_in(two).len()),
            (1, 1),
            "the second waits for room"
        );
    }
}
