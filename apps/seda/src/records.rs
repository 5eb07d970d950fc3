//! Shows what the laboratory has recorded: as a page, as plots, as tables.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use seda_lab::record::Record;
use seda_lab::{ComparedRow, Versus};

use crate::args::laboratory::{Compare, Lines, Report};
use crate::exit::Exit;
use crate::suggest::closest;
use crate::table::{Align, Table};
use crate::tell;

/// The most bytes of a record; one of a thousand runs has some ten million.
const BYTES_MAX: u64 = 256 << 20;

/// Draws what is recorded.
///
/// # Blocking
///
/// Until all files are read and written.
pub fn report(asked: &Report) -> Exit {
    ended(draw(asked))
}

/// Says how two records differ.
///
/// # Blocking
///
/// Until all files are read and written.
pub fn compare(asked: &Compare) -> Exit {
    ended(differences(asked))
}

/// Why nothing is shown: the exit code, and what is said.
struct Trouble(Exit, String);

fn ended(done: Result<(), Trouble>) -> Exit {
    match done {
        Ok(()) => Exit::Success,
        Err(Trouble(exit, what)) => {
            tell::plain(format_args!("{what}\n"));
            exit
        }
    }
}

fn draw(asked: &Report) -> Result<(), Trouble> {
    let read = asked.records.iter().map(|file| record(file));
    let records: Vec<Record> = read.collect::<Result<_, _>>()?;
    asked
        .variants
        .iter()
        .try_for_each(|name| known(name, &records))?;
    let report = seda_lab::Report::of_variants(&records, &asked.variants);
    if let Some(dir) = &asked.svg {
        fs::create_dir_all(dir).map_err(|error| unwritten(dir, &error))?;
        for plot in report.plots() {
            write(&dir.join(format!("{}.svg", plot.name)), &plot.svg)?;
        }
    }
    if let Some(file) = &asked.csv {
        write(file, &seda_lab::Report::csv(&records))?;
    }
    match &asked.out {
        Some(file) => write(file, report.page()),
        None if asked.svg.is_some() || asked.csv.is_some() => Ok(()),
        None => printed(report.page()),
    }
}

/// Fails when no record has such a variant.
fn known(name: &str, records: &[Record]) -> Result<(), Trouble> {
    let runs = records.iter().flat_map(|record| &record.runs);
    let mut names: Vec<&str> = runs.map(|run| run.variant.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.contains(&name) {
        return Ok(());
    }
    let next = match closest(name, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are: {}", names.join("; ")),
    };
    let what = format!("seda: no variant `{name}` was recorded, {next}");
    Err(Trouble(Exit::NotFound, what))
}

fn differences(asked: &Compare) -> Result<(), Trouble> {
    let (a, b) = (record(&asked.a)?, record(&asked.b)?);
    let versus = Versus::of(&a, &b);
    if versus.rows().is_empty() {
        let cautions = versus.cautions().join("; ");
        let what = format!(
            "seda: the records have no variant and load in common, compare runs of one scenario ({cautions})"
        );
        return Err(Trouble(Exit::Failed, what));
    }
    for caution in versus.cautions() {
        tell::line(caution);
    }
    if let Some(file) = &asked.out {
        write(file, seda_lab::Report::comparing(&versus).page())?;
    }
    match asked.lines {
        Lines::Table => printed(&table(versus.rows()).to_string()),
        Lines::Json => {
            let lines = versus.rows().iter().map(serde_json::to_string);
            let lines: Vec<String> = lines
                .collect::<Result<_, _>>()
                .map_err(|error| unprinted(&error))?;
            printed(&format!("{}\n", lines.join("\n")))
        }
    }
}

fn table(rows: &[ComparedRow]) -> Table<6> {
    let mut table = Table::new([
        ("VARIANT", Align::Left),
        ("LOAD", Align::Left),
        ("FIGURE", Align::Left),
        ("A", Align::Right),
        ("B", Align::Right),
        ("B AGAINST A", Align::Left),
    ]);
    for row in rows {
        let point = row.point();
        for [figure, a, b, difference] in row.written() {
            table.row([&row.variant, &point, &figure, &a, &b, &difference]);
        }
    }
    table
}

/// Reads a record from a file.
fn record(file: &Path) -> Result<Record, Trouble> {
    let name = file.display();
    let text = text(file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Trouble(
            Exit::NotFound,
            format!("seda: there is no file {name}, name a record that `seda lab` has written"),
        ),
        ErrorKind::InvalidData => Trouble(
            Exit::Usage,
            format!("{name}: this is not text, name a record that `seda lab` has written"),
        ),
        ErrorKind::FileTooLarge => Trouble(
            Exit::Usage,
            format!("{name}: this is longer than {BYTES_MAX} bytes, record fewer runs at once"),
        ),
        _ => Trouble(
            Exit::Failed,
            format!("seda: {name} cannot be read: {error}"),
        ),
    })?;
    Record::read(&text).map_err(|error| Trouble(Exit::Usage, format!("{name}:{error}")))
}

fn text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let mut bytes = File::open(file)?.take(BYTES_MAX + 1);
    let length = bytes.read_to_string(&mut text)?;
    if u64::try_from(length).is_ok_and(|length| length > BYTES_MAX) {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

fn write(file: &Path, text: &str) -> Result<(), Trouble> {
    fs::write(file, text).map_err(|error| unwritten(file, &error))
}

fn printed(text: &str) -> Result<(), Trouble> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| unprinted(&error))
}

fn unwritten(path: &Path, error: &io::Error) -> Trouble {
    let what = format!(
        "seda: {} cannot be written: {error}",
        PathBuf::from(path).display()
    );
    Trouble(Exit::Failed, what)
}

fn unprinted(error: &dyn Display) -> Trouble {
    Trouble(
        Exit::Failed,
        format!("seda: the answer cannot be printed: {error}"),
    )
}
