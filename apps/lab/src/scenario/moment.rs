//! Times as people write them: `25ms`, `2s`.

use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

/// Is a time, or a moment after the beginning.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, PartialOrd, Ord)]
pub struct Moment(pub Duration);

/// Is how long a run is.
#[derive(Clone, Copy, Debug, serde::Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// What comes before, and does not count.
    #[serde(default)]
    pub warm_up: Moment,
    /// What counts.
    pub measured: Moment,
}

/// Is a change of the load.
#[derive(Clone, Copy, Debug, serde::Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// From when on, from when on the run counts.
    pub at: Moment,
    /// The load is this many times the run's.
    pub factor: f64,
}

/// The units, the longer names first, and how many nanoseconds each has.
const UNITS: [(&str, f64); 6] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("ms", 1e6),
    ("min", 60e9),
    ("s", 1e9),
];

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text).ok_or_else(|| {
            format!(
                "`{text}` is no time: write a number and one of ns, us, ms, s, min, such as \"25ms\""
            )
        })
    }
}

fn read(text: &str) -> Option<Moment> {
    let text = text.trim();
    let (unit, nanos) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
    let number = text.strip_suffix(unit)?.trim_end();
    let number: f64 = number.parse().ok()?;
    let time = Duration::try_from_secs_f64(number * nanos / 1e9).ok()?;
    Some(Moment(time))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Moment, read};

    #[test]
    fn times_have_a_number_and_a_unit() {
        let some = |time| Some(Moment(time));
        assert_eq!(read("25ms"), some(Duration::from_millis(25)));
        assert_eq!(read("1.5 s"), some(Duration::from_millis(1_500)));
        assert_eq!(read("20us"), some(Duration::from_micros(20)));
        assert_eq!(read("20 µs"), some(Duration::from_micros(20)));
        assert_eq!(read("2min"), some(Duration::from_mins(2)));
    }

    #[test]
    fn everything_else_is_no_time() {
        for text in ["", "25", "ms", "-1s", "1h", "one s", "inf s", "NaN ms"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
