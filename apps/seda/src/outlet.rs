//! Where what was seen goes: the record and its latencies to files, and all of it to standard output.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use seda_core::BoxError;
use seda_lab::generator::write_hdr_log;
use seda_lab::record::Record;

use crate::args::laboratory::Lines;
use crate::exit::Exit;
use crate::tell;

/// Is where a record goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outlet<'a> {
    /// The file of the record.
    pub(crate) out: Option<&'a Path>,
    /// The file of the latencies that its runs have kept.
    pub(crate) hdr_log: Option<&'a Path>,
    /// What is printed.
    pub(crate) lines: Lines,
}

impl Outlet<'_> {
    /// Writes and prints a record, `text` where people read it. Where one of the files
    /// cannot be written that is told, and the others are written all the same.
    ///
    /// # Blocking
    ///
    /// Until it is written.
    pub(crate) fn hand_over(
        &self,
        record: &Record,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Exit {
        let done = [
            self.out.map_or(Ok(()), |file| write(file, record)),
            self.hdr_log.map_or(Ok(()), |file| write_log(file, record)),
            self.print(record, text),
        ];
        let mut exit = Exit::Success;
        for error in done.into_iter().filter_map(Result::err) {
            tell::line(error);
            exit = Exit::Failed;
        }
        exit
    }

    fn print(
        &self,
        record: &Record,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), BoxError> {
        let mut out = io::stdout().lock();
        match self.lines {
            Lines::Table => text(&mut out)?,
            Lines::Json => writeln!(out, "{}", serde_json::to_string(record)?)?,
        }
        Ok(out.flush()?)
    }
}

fn write(file: &Path, record: &Record) -> Result<(), BoxError> {
    let text = serde_json::to_string(record)?;
    fs::write(file, text).map_err(|error| cannot(file, &error))
}

fn write_log(file: &Path, record: &Record) -> Result<(), BoxError> {
    let written = || {
        let mut out = BufWriter::new(File::create(file)?);
        write_hdr_log(record, &mut out)?;
        out.flush()
    };
    written().map_err(|error| cannot(file, &error))
}

fn cannot(file: &Path, error: &io::Error) -> BoxError {
    let file = file.display();
    format!("{file}: cannot be written ({error}), name another file").into()
}
