//! Scenario files: their text becomes a scenario, or a list of what is wrong with it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::scenario::faults::{self, Fault};
use crate::scenario::mistakes::{Mistake, Mistakes};
use crate::scenario::{Scenario, Site};

impl Scenario {
    /// Reads a scenario; `name` is that of the file, for mistakes.
    ///
    /// # Errors
    ///
    /// With what is not TOML or no scenario, the first of it; or with
    /// everything that a scenario cannot be.
    ///
    /// ```
    /// use seda_lab::scenario::Scenario;
    ///
    /// let mistakes = Scenario::read("mine.toml", "nmae = \"mine\"").unwrap_err();
    /// let said = mistakes.to_string();
    /// assert!(said.starts_with("mine.toml:1:1: unknown field `nmae`"), "{said}");
    /// ```
    pub fn read(name: &str, text: &str) -> Result<Self, Mistakes> {
        Self::read_checked((name, text), |_| Vec::new())
    }

    /// Reads a scenario that is to run at a site.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), and everything that cannot be had there.
    ///
    /// ```
    /// use seda_lab::scenario::{Scenario, Site};
    ///
    /// let text = r#"
    ///     name = "mine"
    ///     title = "Mine"
    ///     about = "Half of what can be done."
    ///     target = "25ms"
    ///     server = { servers = 2, work = { kind = "constant", each = "1ms" } }
    ///     load = { kind = "open", loads = [0.5] }
    ///     times = { measured = "1s" }
    ///     variant = [{ name = "all", policy = "unbounded" }]
    /// "#;
    /// assert!(Scenario::read_for(Site::WindTunnel, "mine.toml", text).is_ok());
    /// let mistakes = Scenario::read_for(Site::Threads, "mine.toml", text).unwrap_err();
    /// assert!(mistakes.to_string().starts_with("mine.toml:7:21: on threads"), "{mistakes}");
    /// ```
    pub fn read_for(site: Site, name: &str, text: &str) -> Result<Self, Mistakes> {
        Self::read_checked((name, text), |scenario| site.misfits(scenario))
    }

    /// Reads a scenario; of one without faults, `misfits` are faults too.
    fn read_checked(
        source: (&str, &str),
        misfits: impl FnOnce(&Self) -> Vec<Fault>,
    ) -> Result<Self, Mistakes> {
        let (_, text) = source;
        let one = |offset, what| Mistakes(vec![Mistake::at(source, offset, what)]);
        let table = DeTable::parse(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            one(start, format!("not TOML: {}", error.message()))
        })?;
        let scenario: Self = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or(0..text.len());
            let place = blamed(&table, &span, error.message()).unwrap_or(span.start);
            one(place, said(error.message()))
        })?;
        located(source, &table, faults::of(&scenario))?;
        located(source, &table, misfits(&scenario))?;
        Ok(scenario)
    }
}

/// Gives each fault its place.
fn located(
    source: (&str, &str),
    table: &Spanned<DeTable<'_>>,
    faults: Vec<Fault>,
) -> Result<(), Mistakes> {
    if faults.is_empty() {
        return Ok(());
    }
    let mistake =
        |(path, what): Fault| Mistake::at(source, place_of(table, &path).unwrap_or(0), what);
    Err(Mistakes(faults.into_iter().map(mistake).collect()))
}

/// Gives the reader's words in one line, with what to do next.
fn said(message: &str) -> String {
    let message = message.replace('\n', " ");
    match message.split_once("missing field ") {
        Some((_, field)) => format!("{field} is missing, add it"),
        None => message,
    }
}

/// Finds the key or the text that a message names, within a span: what is read
/// by its `kind` has no place of its own.
fn blamed(table: &Spanned<DeTable<'_>>, within: &Range<usize>, message: &str) -> Option<usize> {
    let word = message.split('`').nth(1)?;
    if message.starts_with("missing field") {
        return None;
    }
    let mut found = Vec::new();
    look_in_table(table.get_ref(), word, &mut found);
    let inside = found.iter().filter(|place| within.contains(place));
    // The table's head may be all that the span has of it.
    let after = found.iter().filter(|place| **place >= within.start);
    inside.min().or_else(|| after.min()).copied()
}

fn look_in_table(table: &DeTable<'_>, word: &str, found: &mut Vec<usize>) {
    for (key, value) in table {
        if key.get_ref().as_ref() == word {
            found.push(key.span().start);
        }
        look_in_value(value, word, found);
    }
}

fn look_in_value(value: &Spanned<DeValue<'_>>, word: &str, found: &mut Vec<usize>) {
    match value.get_ref() {
        DeValue::String(text) if text.as_ref() == word => found.push(value.span().start),
        DeValue::Table(table) => look_in_table(table, word, found),
        DeValue::Array(array) => {
            for value in array {
                look_in_value(value, word, found);
            }
        }
        _ => {}
    }
}

/// Gives the place of a path such as `variant.0.policy`, or of as much of it as there is.
fn place_of(table: &Spanned<DeTable<'_>>, path: &str) -> Option<usize> {
    let mut steps = path.split('.');
    let mut value = table.get_ref().get(steps.next()?)?;
    for step in steps {
        let next = match value.get_ref() {
            DeValue::Table(table) => table.get(step),
            DeValue::Array(array) => step.parse().ok().and_then(|at: usize| array.get(at)),
            _ => None,
        };
        let Some(next) = next else { break };
        value = next;
    }
    Some(value.span().start)
}
