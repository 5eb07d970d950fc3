//! The stage that reads what jobs have written.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;
use seda_core::{Batch, BoxError, Handler};
use seda_io::http::{Response, StatusCode};

use super::directory::JobsRoot;
use crate::api::answer;
use crate::api::refusal::Refusal;
use crate::dispatch::event::Reading;

/// The header field that says how much longer a file is than what was sent of it.
pub const OMITTED: &str = "Seda-Bytes-Omitted";

/// Reads files of jobs and answers with them, up to a bound.
///
/// A job that has written nothing so far has an empty output.
#[derive(Clone, Debug)]
pub struct Output {
    /// Where the files are.
    pub root: Arc<JobsRoot>,
    /// Bytes that are sent at most.
    pub bytes_max: u64,
}

impl Handler for Output {
    type Event = Reading;

    fn handle(&mut self, batch: &mut Batch<Reading>) -> Result<(), BoxError> {
        for reading in batch {
            let directory = self.root.directory(reading.id);
            let path = directory.stream(reading.stream, reading.file.as_deref());
            let response = match path {
                Ok(path) => read(&path, self.bytes_max),
                Err(error) => Refusal::unreadable(error.to_string()).into(),
            };
            reading.reply.respond(response);
        }
        Ok(())
    }
}

fn read(path: &Path, bytes_max: u64) -> Response {
    match read_up_to(path, bytes_max) {
        Ok((body, omitted)) => {
            let omitted = (omitted > 0).then(|| omitted.to_string());
            let header = omitted.as_deref().map(|omitted| (OMITTED, omitted));
            answer::headed(StatusCode::OK, "application/octet-stream", header).with_body(body)
        }
        Err(error) => Refusal::unreadable(format!("the output cannot be read: {error}")).into(),
    }
}

/// Reads the beginning of a file, and tells how much more there is.
fn read_up_to(path: &Path, bytes_max: u64) -> io::Result<(Vec<u8>, u64)> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file: File = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        opened => opened?,
    };
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is no file any more"));
    }
    let mut body = Vec::new();
    file.take(bytes_max).read_to_end(&mut body)?;
    let read = u64::try_from(body.len()).unwrap_or(u64::MAX);
    Ok((body, found.len().saturating_sub(read)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_bound_and_the_rest_is_counted() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("out");
        assert_eq!(read(&path, 4).body(), b"", "nothing so far");
        std::fs::write(&path, "123456").unwrap();
        let response = read(&path, 4);
        assert_eq!(
            (response.body(), response.headers().get(OMITTED)),
            (&b"1234"[..], Some("2"))
        );
        let response = read(&path, 6);
        assert_eq!(
            (response.body(), response.headers().get(OMITTED)),
            (&b"123456"[..], None)
        );
    }

    #[test]
    fn what_a_job_put_in_place_of_its_output_is_not_followed() {
        let here = tempfile::tempdir().unwrap();
        let link = here.path().join("out");
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        assert_eq!(read(&link, 4).status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            read(here.path(), 4).status(),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
}
