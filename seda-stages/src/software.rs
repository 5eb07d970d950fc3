//! Names of software with versions, and what a job may require of them.
//!
//! Used for operating systems and runtime environments alike.
//!
//! # Sources
//!
//! libarcclient's `Software` and `SoftwareRequirement`: its rules for versions.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A piece of software, written `name` or `name-version`.
///
/// The text is split at the first `-` that a digit follows, so that
/// `APPS/GCC-C++-12.2` is version `12.2` of `APPS/GCC-C++`.
///
/// # Examples
///
/// ```
/// use seda_stages::software::Software;
///
/// let python: Software = "ENV/PYTHON-3.9".parse()?;
/// assert_eq!(python.name(), "ENV/PYTHON");
/// assert_eq!(python.version(), Some("3.9"));
/// # Ok::<(), seda_stages::software::InvalidSoftware>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Software {
    name: String,
    version: Option<String>,
}

impl Software {
    /// Returns the name without version.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the version, if the text had one.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Tells whether this is a newer version of the same software.
    ///
    /// A version is newer than none. Components, split at `-` and `.`, are
    /// compared one by one: equal texts are passed over, numbers are compared
    /// as numbers, anything else is not comparable and so not newer. A longer
    /// version is newer only if an extra component is a number above 0, and
    /// every extra component before it is a number.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        if self.name != other.name || self.version == other.version {
            return false;
        }
        let Some(theirs) = other.version() else {
            return true;
        };
        let mut theirs = components(theirs);
        for mine in components(self.version().unwrap_or_default()) {
            match compare(mine, theirs.next()) {
                Some(Ordering::Equal) => {}
                other => return other == Some(Ordering::Greater),
            }
        }
        false
    }
}

fn components(version: &str) -> impl Iterator<Item = &str> {
    version
        .split(['-', '.'])
        .filter(|component| !component.is_empty())
}

/// Compares two components, where a missing right one counts as 0.
fn compare(mine: &str, theirs: Option<&str>) -> Option<Ordering> {
    let theirs = theirs.unwrap_or("0");
    if mine == theirs {
        return Some(Ordering::Equal);
    }
    let numbers = mine.parse::<u64>().ok().zip(theirs.parse::<u64>().ok());
    numbers.map(|(mine, theirs)| mine.cmp(&theirs))
}

impl fmt::Display for Software {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version
            .iter()
            .try_for_each(|version| write!(f, "-{version}"))
    }
}

impl FromStr for Software {
    type Err = InvalidSoftware;

    fn from_str(text: &str) -> Result<Self, InvalidSoftware> {
        let starts_version =
            |(at, rest): &(usize, &str)| *at > 0 && rest.starts_with(|c: char| c.is_ascii_digit());
        let dashes = text
            .match_indices('-')
            .map(|(at, _)| (at, text.get(at + 1..).unwrap_or("")));
        let (name, version) = match dashes.into_iter().find(starts_version) {
            Some((at, version)) => (text.get(..at).unwrap_or(text), Some(version.to_owned())),
            None => (text, None),
        };
        let strange = |c: char| c.is_whitespace() || c.is_control() || "<>=!".contains(c);
        if name.is_empty() || text.contains(strange) {
            return Err(InvalidSoftware);
        }
        Ok(Self {
            name: name.to_owned(),
            version,
        })
    }
}

/// How a version asked for and one at hand must relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// The same name and the same version text.
    Equal,
    /// Not the same.
    Different,
    /// Newer.
    Newer,
    /// The same or newer.
    AtLeast,
    /// Older.
    Older,
    /// The same or older.
    AtMost,
}

impl Comparison {
    /// Signs, longer ones before their own beginnings.
    const SIGNS: [(&'static str, Self); 7] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("==", Self::Equal),
        ("!=", Self::Different),
        (">", Self::Newer),
        ("<", Self::Older),
        ("=", Self::Equal),
    ];

    /// Returns the sign, as in C.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Different => "!=",
            Self::Newer => ">",
            Self::AtLeast => ">=",
            Self::Older => "<",
            Self::AtMost => "<=",
        }
    }
}

/// What a job asks of a target's software: `>=ENV/PYTHON-3.9`.
///
/// Without a sign, a text with a version means exactly this version, and one
/// without means any version.
///
/// # Examples
///
/// ```
/// use seda_stages::software::SoftwareRequirement;
///
/// let wanted: SoftwareRequirement = ">=ENV/PYTHON-3.9".parse()?;
/// assert!(wanted.is_satisfied_by(&"ENV/PYTHON-3.11".parse()?));
/// assert!(!wanted.is_satisfied_by(&"ENV/PYTHON-3.8".parse()?));
/// assert!(!wanted.is_satisfied_by(&"ENV/RUBY-3.11".parse()?));
/// # Ok::<(), seda_stages::software::InvalidSoftware>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SoftwareRequirement {
    /// How the target's version must relate to the one asked for.
    pub comparison: Comparison,
    /// What is asked for.
    pub software: Software,
}

impl SoftwareRequirement {
    /// Tells whether `offered` meets this requirement.
    pub fn is_satisfied_by(&self, offered: &Software) -> bool {
        let wanted = &self.software;
        match self.comparison {
            Comparison::Equal => offered == wanted,
            Comparison::Different => offered != wanted,
            Comparison::Newer => offered.is_newer_than(wanted),
            Comparison::AtLeast => offered == wanted || offered.is_newer_than(wanted),
            Comparison::Older => wanted.is_newer_than(offered),
            Comparison::AtMost => offered == wanted || wanted.is_newer_than(offered),
        }
    }
}

impl fmt::Display for SoftwareRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.comparison.sign(), self.software)
    }
}

impl FromStr for SoftwareRequirement {
    type Err = InvalidSoftware;

    fn from_str(text: &str) -> Result<Self, InvalidSoftware> {
        let signed = Comparison::SIGNS
            .iter()
            .find_map(|(sign, comparison)| text.strip_prefix(sign).map(|rest| (rest, *comparison)));
        if let Some((rest, comparison)) = signed {
            return Ok(Self {
                comparison,
                software: rest.trim_start().parse()?,
            });
        }
        let software: Software = text.parse()?;
        let comparison = match software.version {
            Some(_) => Comparison::Equal,
            None => Comparison::AtLeast,
        };
        Ok(Self {
            comparison,
            software,
        })
    }
}

/// A text that names no software.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSoftware;

impl fmt::Display for InvalidSoftware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is no software, write `name`, `name-version` or `>=name-version`")
    }
}

impl std::error::Error for InvalidSoftware {}

impl Serialize for Software {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Software {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|refused| de::Error::custom(format_args!("{text:?} {refused}")))
    }
}

impl Serialize for SoftwareRequirement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn software(text: &str) -> Software {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_dash_before_a_digit_starts_the_version() {
        let cases = [
            ("Linux", "Linux", None),
            ("APPS/GCC-C++-12.2-rc1", "APPS/GCC-C++", Some("12.2-rc1")),
            ("a-b", "a-b", None),
            ("a-", "a-", None),
            ("é-1", "é", Some("1")),
        ];
        for (text, name, version) in cases {
            assert_eq!(software(text).name(), name);
            assert_eq!(software(text).version(), version);
            assert_eq!(software(text).to_string(), text);
        }
        for text in ["", "a b", "a\0", ">", ">=", "<=<=a", "a=b"] {
            assert_eq!(
                text.parse::<SoftwareRequirement>(),
                Err(InvalidSoftware),
                "{text:?}"
            );
        }
    }

    #[test]
    fn newer_versions() {
        let newer = [
            ("a-2", "a-1"),
            ("a-10", "a-9"),
            ("a-1.10", "a-1.9"),
            ("a-1", "a"),
            ("a-1.1", "a-1"),
            ("a-1.0.1", "a-1"),
            ("a-1-rc.2", "a-1.rc-1"),
        ];
        for (left, right) in newer {
            assert!(
                software(left).is_newer_than(&software(right)),
                "{left} > {right}"
            );
            assert!(
                !software(right).is_newer_than(&software(left)),
                "{right} > {left}"
            );
        }
        let unordered = [
            ("a-1", "a-1"),
            ("a-2", "b-1"),
            ("a-1.0", "a-1"),
            ("a-01", "a-1"),
            ("a-1.x", "a-1.y"),
        ];
        for (left, right) in unordered {
            assert!(
                !software(left).is_newer_than(&software(right)),
                "{left} > {right}"
            );
            assert!(
                !software(right).is_newer_than(&software(left)),
                "{right} > {left}"
            );
        }
        assert!(
            !software("a-1.x.1").is_newer_than(&software("a-1")),
            "x is no number"
        );
    }

    #[test]
    fn requirements_compare_as_their_sign_says() {
        let satisfied = |requirement: &str, offered: &str| {
            let requirement: SoftwareRequirement = requirement.parse().unwrap();
            requirement.is_satisfied_by(&software(offered))
        };
        let verdicts = [
            ("a", "a-1", true),
            ("a", "a", true),
            ("a", "b", false),
            ("a-1", "a-1", true),
            ("a-1", "a-2", false),
            ("=a-1", "a-1.0", false),
            ("!=a-1", "a-2", true),
            ("!= a-1", "a-1", false),
            (">a-1", "a-2", true),
            (">a-1", "a-1", false),
            (">=a-1", "a-1", true),
            ("<a-2", "a-1", true),
            ("<a-2", "a-2", false),
            ("<=a-2", "a-2", true),
            ("<=a-2", "a-3", false),
        ];
        for (requirement, offered, expected) in verdicts {
            assert_eq!(
                satisfied(requirement, offered),
                expected,
                "{requirement} by {offered}"
            );
        }
    }

    #[test]
    fn requirements_read_back() {
        for (text, written) in [("a", ">=a"), ("a-1", "==a-1"), ("< a-1", "<a-1")] {
            let requirement: SoftwareRequirement = text.parse().unwrap();
            assert_eq!(requirement.to_string(), written);
            assert_eq!(written.parse(), Ok(requirement));
        }
    }
}
