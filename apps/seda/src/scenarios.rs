//! The scenarios that come with the program, and those in files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use seda_lab::scenario::{Mistakes, Scenario, Site};

use crate::exit::Exit;
use crate::suggest::closest;

/// Is a scenario's name and its file.
type Shipped = (&'static str, &'static str);

/// Is every file of `apps/seda/scenarios`.
const SHIPPED: [Shipped; 15] = [
    ("batching", include_str!("../scenarios/batching.toml")),
    ("bimodal", include_str!("../scenarios/bimodal.toml")),
    ("classes", include_str!("../scenarios/classes.toml")),
    ("fairness", include_str!("../scenarios/fairness.toml")),
    ("leap", include_str!("../scenarios/leap.toml")),
    ("million", include_str!("../scenarios/million.toml")),
    ("overload", include_str!("../scenarios/overload.toml")),
    ("pareto", include_str!("../scenarios/pareto.toml")),
    (
        "retrospective",
        include_str!("../scenarios/retrospective.toml"),
    ),
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
    read(word, Scenario::read)
}

/// Finds a scenario that is to run at a site.
///
/// # Blocking
///
/// As [`find`].
///
/// # Errors
///
/// Those of [`find`], and when it asks for what cannot be had there.
pub fn find_for(site: Site, word: &str) -> Result<Scenario, NoScenario> {
    read(word, |name, text| Scenario::read_for(site, name, text))
}

fn read(
    word: &str,
    understood: impl FnOnce(&str, &str) -> Result<Scenario, Mistakes>,
) -> Result<Scenario, NoScenario> {
    let (name, text) = text_of(word)?;
    understood(&name, &text).map_err(|mistakes| NoScenario {
        what: mistakes.to_string(),
        exit: Exit::Usage,
    })
}

/// Gives the name of a scenario's file, and what is in it.
fn text_of(word: &str) -> Result<(String, String), NoScenario> {
    if let Some((_, text)) = SHIPPED.iter().find(|(name, _)| *name == word) {
        return Ok((format!("{word}.toml"), (*text).to_owned()));
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
    Ok((word.to_owned(), text))
}

/// Prints the name and the title of each scenario that there is.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn list() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (name, _) in SHIPPED {
        // A test reads them all.
        if let Ok(scenario) = find(name) {
            writeln!(out, "{name:<14} {}", scenario.title)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use seda_lab::scenario::Site;

    use super::{SHIPPED, find, find_for};

    #[test]
    fn every_shipped_scenario_can_be_read_and_has_its_own_name() {
        for (name, _) in SHIPPED {
            let scenario = find(name).map_err(|error| error.what).unwrap();
            assert_eq!(scenario.name, name);
            assert!(!scenario.title.is_empty() && !scenario.about.is_empty());
        }
    }
    #[test]
    fn every_shipped_scenario_runs_either_in_the_wind_tunnel_or_on_threads() {
        for (name, _) in SHIPPED {
            let fits = |site| find_for(site, name).is_ok();
            let (tunnel, threads) = (fits(Site::WindTunnel), fits(Site::Threads));
            assert_eq!(threads, name == "retrospective", "{name}");
            assert_eq!(tunnel, !threads, "{name}");
        }
    }
}
