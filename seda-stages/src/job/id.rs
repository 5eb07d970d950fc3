//! The name of a job: a number that only grows, and its text form.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// What every job id starts with in its text form.
const PREFIX: &str = "job-";

/// A job's number, unique for the life of a server's job table.
///
/// Ids compare in the order in which the jobs were admitted. The text form
/// is `job-` and the number; reading also takes the bare number, which is
/// what people type.
///
/// # Examples
///
/// ```
/// use seda_stages::job::id::JobId;
///
/// let id: JobId = "job-42".parse()?;
/// assert_eq!(id, "42".parse()?);
/// assert_eq!(id.to_string(), "job-42");
/// assert!("../42".parse::<JobId>().is_err());
/// # Ok::<(), seda_stages::job::id::InvalidJobId>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(NonZeroU64);

impl JobId {
    /// The id of the first job of an empty table.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// Makes an id from its number.
    pub const fn new(number: NonZeroU64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn number(self) -> u64 {
        self.0.get()
    }

    /// Returns the id of the job admitted after this one.
    ///
    /// Stays where it is at `u64::MAX`, which a server that admits 10^9 jobs
    /// per second reaches after 584 years.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Reads the text form with its prefix and nothing else.
    ///
    /// Names of directories are read with this: only what [`fmt::Display`]
    /// wrote is a job's.
    ///
    /// # Errors
    ///
    /// Fails if `text` is not exactly what the id would be written as.
    pub fn from_canonical(text: &str) -> Result<Self, InvalidJobId> {
        let digits = text.strip_prefix(PREFIX);
        digits
            .and_then(number)
            .ok_or_else(|| InvalidJobId::new(text))
    }
}

/// Reads a decimal number above 0 without sign or leading zero.
fn number(digits: &str) -> Option<JobId> {
    let plain = digits.starts_with(|c: char| matches!(c, '1'..='9'));
    let number = plain.then(|| digits.parse().ok()).flatten()?;
    Some(JobId(number))
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        let digits = text.strip_prefix(PREFIX).unwrap_or(text);
        number(digits).ok_or_else(|| InvalidJobId::new(text))
    }
}

impl Serialize for JobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that names no job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidJobId {
    text: String,
}

impl InvalidJobId {
    /// Characters of the refused text that the message shows.
    const SHOWN_CHARS_MAX: usize = 40;

    fn new(text: &str) -> Self {
        let text = text.chars().take(Self::SHOWN_CHARS_MAX).collect();
        Self { text }
    }
}

impl fmt::Display for InvalidJobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no job id, write `job-42` or `42`", self.text)
    }
}

impl std::error::Error for InvalidJobId {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_grow() {
        assert_eq!(JobId::FIRST.number(), 1);
        assert_eq!(JobId::FIRST.next().number(), 2);
        assert!(JobId::FIRST < JobId::FIRST.next());
        let last = JobId::new(NonZeroU64::MAX);
        assert_eq!(last.next(), last);
    }

    #[test]
    fn only_plain_numbers_are_ids() {
        let refused = [
            "",
            "job-",
            "0",
            "job-0",
            "-1",
            "+1",
            "01",
            " 1",
            "1 ",
            "1/2",
            "job-1/..",
            "job-job-1",
            "JOB-1",
            "18446744073709551616",
            "١",
        ];
        for text in refused {
            assert!(text.parse::<JobId>().is_err(), "{text:?} was taken");
        }
        assert!(JobId::from_canonical("7").is_err());
        assert!(JobId::from_canonical("job-07").is_err());
    }

    #[test]
    fn a_long_refused_text_is_cut_in_the_message() {
        let message = "x".repeat(10_000).parse::<JobId>().unwrap_err().to_string();
        assert!(message.len() < 120, "{message}");
    }

    proptest! {
        #[test]
        fn text_form_reads_back(number in 1..=u64::MAX) {
            let id = JobId::new(NonZeroU64::new(number).unwrap());
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(JobId::from_canonical(&id.to_string()), Ok(id));
            prop_assert_eq!(number.to_string().parse(), Ok(id));
        }
    }
}
