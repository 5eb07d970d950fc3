//! Why targets cannot take a job, one by one and counted.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::target::TargetName;

/// Why a target cannot take a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The target.
    pub target: TargetName,
    /// The attribute of the description that does not fit.
    pub attribute: &'static str,
    /// What the description wants of it.
    pub wanted: String,
    /// The attribute of the target that it was compared with.
    pub compared_with: &'static str,
    /// What the target publishes, `None` if nothing.
    pub published: Option<String>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            attribute,
            wanted,
            compared_with,
            published,
        } = self;
        write!(
            f,
            "`{target}`: {attribute} is {wanted}, {compared_with} is "
        )?;
        f.write_str(published.as_deref().unwrap_or("not published"))
    }
}

/// How many targets were looked at for a job, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Targets looked at.
    pub considered: usize,
    /// Targets rejected, by the attribute that did not fit.
    pub rejected: BTreeMap<&'static str, usize>,
    /// The first rejections, at most [`Summary::EXAMPLES_MAX`].
    pub examples: Vec<Rejection>,
}

impl Summary {
    /// Rejections that are kept in full; all are counted.
    pub const EXAMPLES_MAX: usize = 20;

    /// Adds a rejection.
    pub fn reject(&mut self, rejection: Rejection) {
        *self.rejected.entry(rejection.attribute).or_default() += 1;
        if self.examples.len() < Self::EXAMPLES_MAX {
            self.examples.push(rejection);
        }
    }
}

impl fmt::Display for Summary {
    /// `of 7 targets, 5 rejected for Platform, 2 for NumberOfSlots`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "of {} targets", self.considered)?;
        for (nth, (attribute, count)) in self.rejected.iter().enumerate() {
            let verb = if nth == 0 { " rejected" } else { "" };
            write!(f, ", {count}{verb} for {attribute}")?;
        }
        self.examples
            .first()
            .map_or(Ok(()), |first| write!(f, "; {first}"))
    }
}
