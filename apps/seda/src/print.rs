//! How answers of the server are printed.

use std::io::{self, Write};

use serde_json::Value;

use crate::args::Output;
use crate::table::{Align, Table};

/// Prints a text as it is.
///
/// # Errors
///
/// When standard output cannot be written; so for all of these.
pub fn plain(text: &str) -> io::Result<()> {
    write!(io::stdout(), "{text}")
}

/// Prints a value for programs.
///
/// # Errors
///
/// As for [`plain`].
pub fn json(value: &Value) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    writeln!(io::stdout(), "{text}")
}

/// Prints the id of a new job.
///
/// # Errors
///
/// As for [`plain`].
pub fn submitted(job: &Value, output: Output) -> io::Result<()> {
    match output {
        Output::Json => json(job),
        Output::Table => writeln!(io::stdout(), "{}", text(job, "/id")),
    }
}

/// Prints what became of the wish to end a job.
///
/// # Errors
///
/// As for [`plain`].
pub fn cancelled(job: &Value, output: Output) -> io::Result<()> {
    match output {
        Output::Json => json(job),
        Output::Table => {
            let (id, state) = (text(job, "/id"), text(job, "/state"));
            let ended = ["FINISHED", "FAILED", "KILLED", "DELETED"].contains(&state.as_str());
            let asked = if ended {
                "is"
            } else {
                "is asked to end, still"
            };
            writeln!(io::stdout(), "{id} {asked} {state}")
        }
    }
}

/// Prints a list of jobs.
///
/// # Errors
///
/// As for [`plain`].
pub fn list(list: &Value, output: Output) -> io::Result<()> {
    if output == Output::Json {
        return json(list);
    }
    let mut table = Table::new([
        ("ID", Align::Left),
        ("STATE", Align::Left),
        ("EXIT", Align::Right),
        ("SUBMITTED", Align::Left),
        ("TARGET", Align::Left),
        ("PROGRAM", Align::Left),
        ("NAME", Align::Left),
    ]);
    let jobs = list.get("jobs").and_then(Value::as_array);
    for job in jobs.into_iter().flatten() {
        let cell = |path| text(job, path);
        table.row([
            cell("/id"),
            cell("/state"),
            exit(job),
            cell("/submitted_at"),
            cell("/target"),
            cell("/executable"),
            cell("/name"),
        ]);
    }
    write!(io::stdout(), "{table}")
}

/// Prints one job with its history.
///
/// # Errors
///
/// As for [`plain`].
pub fn status(job: &Value, output: Output) -> io::Result<()> {
    if output == Output::Json {
        return json(job);
    }
    let mut stdout = io::stdout().lock();
    let arguments = job
        .pointer("/description/arguments")
        .and_then(Value::as_array);
    let words = arguments.into_iter().flatten().filter_map(Value::as_str);
    let command = words.fold(text(job, "/description/executable"), |line, word| {
        format!("{line} {word}")
    });
    let facts = [
        ("id", text(job, "/id")),
        ("name", text(job, "/description/name")),
        ("state", text(job, "/state")),
        ("exit", exit(job)),
        ("failure", text(job, "/failure/message")),
        ("target", text(job, "/target")),
        ("command", command),
    ];
    for (name, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
        // What a user wrote must not command the terminal.
        let fact = fact.replace(|c: char| c.is_control() && c != '\n', "?");
        writeln!(stdout, "{name:<8} {fact}")?;
    }
    let mut table = Table::new([
        ("AT", Align::Left),
        ("STATE", Align::Left),
        ("WHY", Align::Left),
    ]);
    let steps = job.get("history").and_then(Value::as_array);
    for step in steps.into_iter().flatten() {
        table.row(["/at", "/state", "/reason"].map(|path| text(step, path)));
    }
    write!(stdout, "\n{table}")
}

/// The text at a place of a value; nothing where there is none.
fn text(value: &Value, path: &str) -> String {
    let found = value.pointer(path).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

/// How a process ended: a code, or the signal behind a `!`.
fn exit(job: &Value) -> String {
    let number = |path| job.pointer(path).and_then(Value::as_u64);
    match (number("/exit/code"), number("/exit/signal")) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => format!("!{signal}"),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn exits_tell_codes_from_signals() {
        assert_eq!(exit(&json!({"exit": {"code": 3}})), "3");
        assert_eq!(exit(&json!({"exit": {"signal": 9}})), "!9");
        assert_eq!(exit(&json!({"exit": null})), "");
    }
}
