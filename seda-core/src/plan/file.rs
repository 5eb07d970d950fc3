//! Plans written in TOML, with errors that point at the place.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use crate::plan::{DomainKind, Plan};

/// Is what is wrong with a plan's text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// The file's name, as given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what to do next.
    pub message: String,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            message,
        } = self;
        write!(f, "{file}:{line}:{column}: {message}")
    }
}

impl std::error::Error for PlanError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanText {
    base: Option<Spanned<String>>,
    workers: Option<Spanned<usize>>,
    #[serde(default)]
    domain: BTreeMap<String, Spanned<DomainText>>,
    #[serde(default)]
    stage: BTreeMap<String, StageText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DomainText {
    workers: Option<usize>,
    threads: Option<Spanned<[usize; 2]>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageText {
    domain: Option<Spanned<String>>,
    share: Option<Spanned<u32>>,
    batch: Option<Spanned<usize>>,
}

impl Plan {
    /// Reads a plan:
    ///
    /// ```
    /// use seda_core::Plan;
    ///
    /// let plan = Plan::from_toml("plan.toml", r#"
    /// base = "default"            # or "seda-classic"
    /// workers = 2                 # of the domain "cores"; one per core by default
    ///
    /// [domain.disk]
    /// threads = [1, 32]           # a blocking domain; or workers = 2 for one of cores
    ///
    /// [stage.store]
    /// domain = "disk"
    /// batch = 16
    /// share = 3
    /// "#)?;
    ///
    /// let wrong = Plan::from_toml("plan.toml", "[stage.store]\nshare = 0").unwrap_err();
    /// assert_eq!((wrong.line, wrong.column), (2, 9));
    /// # let _ = plan;
    /// # Ok::<(), seda_core::PlanError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Says what is wrong, with `file`, line and column.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, PlanError> {
        let place = Place { file, text };
        let read: PlanText = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            place.error(at, error.message().trim())
        })?;
        let mut plan = place.base(read.base.as_ref())?;
        if let Some(workers) = &read.workers {
            place.at_least_one(workers, "workers")?;
            plan = plan.workers(*workers.get_ref());
        }
        for (name, domain) in &read.domain {
            plan = plan.domain(name, place.kind(domain)?);
        }
        for (name, stage) in &read.stage {
            plan = place.stage(plan, name, stage)?;
        }
        Ok(plan)
    }
}

/// Turns places in a text into lines and columns.
struct Place<'t> {
    file: &'t str,
    text: &'t str,
}

impl Place<'_> {
    fn error(&self, at: usize, message: impl Into<String>) -> PlanError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        PlanError {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
            message: message.into(),
        }
    }

    fn base(&self, base: Option<&Spanned<String>>) -> Result<Plan, PlanError> {
        let Some(base) = base else {
            return Ok(Plan::default());
        };
        match base.get_ref().as_str() {
            "default" => Ok(Plan::default()),
            "seda-classic" => Ok(Plan::seda_classic()),
            other => {
                let message =
                    format!("no base plan `{other}`; use \"default\" or \"seda-classic\"");
                Err(self.error(base.span().start, message))
            }
        }
    }

    fn kind(&self, domain: &Spanned<DomainText>) -> Result<DomainKind, PlanError> {
        let DomainText { workers, threads } = domain.get_ref();
        match (workers, threads) {
            (Some(workers), None) if *workers > 0 => Ok(DomainKind::Cores { workers: *workers }),
            (None, Some(threads)) => match *threads.get_ref() {
                [min, max] if 0 < min && min <= max => Ok(DomainKind::Blocking { min, max }),
                [min, max] => {
                    let message = format!("no pool of {min} to {max} threads; give [min, max] with 1 <= min <= max");
                    Err(self.error(threads.span().start, message))
                }
            },
            _ => Err(self.error(
                domain.span().start,
                "a domain has either `workers = N` (cores) or `threads = [min, max]` (blocking), at least 1",
            )),
        }
    }

    fn stage(&self, mut plan: Plan, name: &str, stage: &StageText) -> Result<Plan, PlanError> {
        if let Some(domain) = &stage.domain {
            plan = plan.place(name, domain.get_ref());
        }
        if let Some(share) = &stage.share {
            self.at_least_one(share, "share")?;
            plan = plan.share(name, *share.get_ref());
        }
        if let Some(batch) = &stage.batch {
            self.at_least_one(batch, "batch")?;
            plan = plan.batch(name, *batch.get_ref());
        }
        Ok(plan)
    }

    fn at_least_one<N: Default + PartialEq>(
        &self,
        value: &Spanned<N>,
        what: &str,
    ) -> Result<(), PlanError> {
        if *value.get_ref() == N::default() {
            let message = format!("`{what}` must be at least 1; leave it out for the default");
            return Err(self.error(value.span().start, message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    fn wrong(text: &str) -> String {
        Plan::from_toml("p.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn errors_point_at_the_place() {
        let rows = [
            ("bases = 1", "p.toml:1:1: unknown field `bases`"),
            ("base = \"fast\"", "p.toml:1:8: no base plan `fast`"),
            ("workers = 0", "p.toml:1:11: `workers` must be at least 1"),
            (
                "[domain.d]\nthreads = [4, 2]",
                "p.toml:2:11: no pool of 4 to 2",
            ),
            ("[domain.d]\n", "p.toml:1:"),
            ("[stage.s]\nbatch = 0", "p.toml:2:9: `batch` must be"),
            ("[stage.s]\nbatch = \"x\"", "p.toml:2:9: invalid type"),
            ("[stage.s", "p.toml:1:"),
        ];
        for (text, start) in rows {
            let error = wrong(text);
            assert!(error.starts_with(start), "{text:?}: {error}");
        }
    }
}
