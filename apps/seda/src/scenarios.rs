//! The scenarios that come with the program, and those in files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use seda_lab::scenario::Scenario;

use crate::exit::Exit;
use crate::suggest::closest;

/// Is a scenario's name and its file.
type Shipped = (&'static str, &'static str);

/// Is every file of `apps/seda/scenarios`.
const SHIPPED: [Shipped; 14] = [
    ("batching", include_str!("../scenarios/batching.toml")),
    ("bimodal", include_str!("../scenarios/bimodal.toml")),
    ("classes", include_str!("../scenarios/classes.toml")),
    ("fairness", include_str!("../scenarios/fairness.toml")),
    ("leap", include_str!("../scenarios/leap.toml")),
    ("million", include_str!("../scenarios/million.toml")),
    ("overload", include_str!("../scenarios/overload.toml")),
    ("pareto", include_str!("../scenarios/pareto.toml")),
    ("retry-storm", include_str!("../scenarios/retry-storm.toml")),
    ("slow", include_str!("../scenarios/slow.toml")),
    ("spike", include_str!("../scenarios/spike.toml")),
    ("step", include_str!("../scenarios/step.toml")),
    ("threads", include_str!("../scenarios/threads.toml")),
    ("tight", include_str!("../scenarios/tight.toml")),
];

/// Says why there is no scenario, and how the program ends then.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoScenario {
    /// What is wrong, and what to do next.
    pub what: String,
    /// How the program ends.
    pub exit: Exit,
}

/// Finds a scenario by the name of one that there is, or by its file.
///
/// # Blocking
///
/// Reads a file, unless it is one that comes with the program.
///
/// # Errors
///
/// When there is none, or its file has mistakes.
pub fn find(word: &str) -> Result<Scenario, NoScenario> {
    if let Some((_, text)) = SHIPPED.iter().find(|(name, _)| *name == word) {
        return read(&format!("{word}.toml"), text);
    }
    let is_file = word.contains('/') || Path::new(word).extension().is_some();
    if !is_file && !Path::new(word).exists() {
        let next = match closest(word, SHIPPED.iter().map(|(name, _)| *name)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`seda lab scenarios` lists them".to_owned(),
        };
        let what = format!("no scenario `{word}`, {next}");
        let exit = Exit::NotFound;
        return Err(NoScenario { what, exit });
    }
    let text = fs::read_to_string(word).map_err(|error| NoScenario {
        what: format!("{word}: cannot be read ({error}), name another file"),
        exit: match error.kind() {
            io::ErrorKind::NotFound => Exit::NotFound,
            _ => Exit::Usage,
        },
    })?;
    read(word, &text)
}

/// Prints the name and the title of each scenario that there is.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn list() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (name, text) in SHIPPED {
        // A test reads them all.
        if let Ok(scenario) = read(name, text) {
            writeln!(out, "{name:<12} {}", scenario.title)?;
        }
    }
    Ok(())
}

fn read(name: &str, text: &str) -> Result<Scenario, NoScenario> {
    Scenario::read(name, text).map_err(|mistakes| NoScenario {
        what: mistakes.to_string(),
        exit: Exit::Usage,
    })
}

#[cfg(test)]
mod tests {
    use super::{SHIPPED, find};

    #[test]
    fn every_shipped_scenario_can_be_read_and_has_its_own_name() {
        for (name, _) in SHIPPED {
            let scenario = find(name).map_err(|error| error.what).unwrap();
            assert_eq!(scenario.name, name);
            assert!(!scenario.title.is_empty() && !scenario.about.is_empty());
        }
    }
}
