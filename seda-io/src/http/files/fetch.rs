//! The stage whose threads wait for the disk.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::io::Errno;
use seda_core::{Batch, BoxError, Handler, Tick};

use super::cache::{Cache, count};
use super::file_path::FilePath;
use super::opened::{Identity, Opened};
use crate::http::exchange::Exchange;
use crate::http::message::{Request, Response};
use crate::http::status::StatusCode;

/// What a directory is answered with.
const INDEX: &str = "index.html";

/// A request for a file that is not in the cache, or was not looked at lately.
#[derive(Debug)]
pub(super) struct Fetching {
    pub(super) exchange: Exchange,
    pub(super) place: FilePath,
}

/// Opens files below the root, and nowhere else.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    pub(super) root: Arc<File>,
    pub(super) cache: Arc<Cache>,
}

impl Handler for Fetch {
    type Event = Fetching;

    fn handle(&mut self, batch: &mut Batch<Fetching>) -> Result<(), BoxError> {
        let now = batch.now();
        for Fetching { exchange, place } in batch {
            let response = self.fetch(exchange.request(), place, now);
            exchange.respond(response);
        }
        Ok(())
    }
}

/// What is at a place.
enum Found {
    File(Opened),
    /// It is a directory, and the path has no slash at its end.
    Directory,
}

impl Fetch {
    fn fetch(&self, request: &Request, place: FilePath, now: Tick) -> Response {
        match self.find(&place) {
            Ok(Found::File(opened)) => {
                let entry = self.cache.keep(place, opened, now);
                entry.opened.representation.answer(request)
            }
            Ok(Found::Directory) => moved(request),
            Err(error) => {
                self.cache.forget(&place);
                self.explain(&place, &error)
            }
        }
    }

    fn find(&self, place: &FilePath) -> io::Result<Found> {
        let index;
        let path = if place.is_directory() {
            index = place.path().join(INDEX);
            &index
        } else {
            place.path()
        };
        let file = self.open(path)?;
        let stat = fstat(&file)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                let opened = Opened::new(file, Identity::of(&stat), path)?;
                Ok(Found::File(opened))
            }
            FileType::Directory if !place.is_directory() => Ok(Found::Directory),
            // A device or a pipe is nothing to serve.
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Opens a path below the root. Links that lead out of it lead nowhere.
    fn open(&self, path: &Path) -> io::Result<File> {
        // A pipe without a writer must not hold the thread.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let file = openat2(&*self.root, path, flags, Mode::empty(), beneath)?;
        Ok(file.into())
    }

    fn explain(&self, place: &FilePath, error: &io::Error) -> Response {
        let (status, text) = match Errno::from_io_error(error) {
            Some(Errno::NOENT | Errno::NOTDIR | Errno::XDEV | Errno::LOOP | Errno::NAMETOOLONG) => {
                (StatusCode::NOT_FOUND, "there is no such file\n")
            }
            _ if error.kind() == io::ErrorKind::NotFound => {
                (StatusCode::NOT_FOUND, "there is no such file\n")
            }
            Some(Errno::ACCESS | Errno::PERM) => {
                (StatusCode::FORBIDDEN, "this file may not be read\n")
            }
            Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too much is open; try again later\n",
            ),
            _ => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the file cannot be read\n",
            ),
        };
        if status != StatusCode::NOT_FOUND {
            count(&self.cache.tally.failed);
            tracing::warn!(target: "seda", path = %place.path().display(), "a file was not served: {error}");
        }
        Response::text(status, text)
    }
}

/// Sends the client to the path with a slash, where relative links are right.
fn moved(request: &Request) -> Response {
    let target = request.target();
    let query = target.query().map(|query| format!("?{query}"));
    let location = format!("{}/{}", target.path(), query.unwrap_or_default());
    Response::new(StatusCode::MOVED_PERMANENTLY).with_trusted("Location", &location)
}
