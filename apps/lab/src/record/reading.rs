//! Reads a record back, and says where it is wrong.

use std::error::Error;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::record::{FORMAT, Record};

/// Says why a text is no record, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1; 0 where the whole line is to blame.
    pub column: usize,
    /// What is wrong, and what to do next.
    pub what: String,
}

impl Record {
    /// Reads a record from its JSON.
    ///
    /// # Errors
    ///
    /// When the text is no JSON, is of another [`FORMAT`], lacks a field or has
    /// one that nobody knows, or when outcomes do not sum to what was offered.
    ///
    /// ```
    /// use seda_lab::record::Record;
    ///
    /// let error = Record::read("{\"format\": 7}").unwrap_err();
    /// assert_eq!(error.line, 1);
    /// assert!(error.what.starts_with("this is a record of format 7"));
    /// ```
    pub fn read(text: &str) -> Result<Self, ReadError> {
        // First alone, since another format may have any other fields.
        serde_json::from_str::<Head>(text).map_err(ReadError::of)?;
        serde_json::from_str(text).map_err(ReadError::of)
    }
}

/// Is what all formats have in common.
#[derive(Deserialize)]
struct Head {
    #[serde(deserialize_with = "known", rename = "format")]
    _format: u32,
}

fn known<'de, D: Deserializer<'de>>(format: D) -> Result<u32, D::Error> {
    let format = u32::deserialize(format)?;
    if format == FORMAT {
        return Ok(format);
    }
    Err(D::Error::custom(format!(
        "this is a record of format {format}, and this program reads format {FORMAT}, \
         read it with the program that wrote it or measure again"
    )))
}

impl ReadError {
    #[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
    fn of(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let said = error.to_string();
        let place = format!(" at line {line} column {column}");
        let said = said.strip_suffix(&place).unwrap_or(&said);
        // What this crate says of a record already says what to do.
        let next = if said.contains("this is a record") {
            ""
        } else {
            ", records are written by `seda lab`: measure again rather than mend it by hand"
        };
        Self {
            line,
            column,
            what: format!("{said}{next}"),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.what)
    }
}

impl Error for ReadError {}

#[cfg(test)]
mod tests {
    use crate::record::{Ground, Outcomes, Provenance, Record, Run};

    fn record() -> Record {
        Record {
            format: 1,
            scenario: "sweep".to_owned(),
            title: "A sweep".to_owned(),
            about: String::new(),
            ground: Ground::Server("http://localhost:8080".to_owned()),
            provenance: Provenance::default(),
            target_ms: 25.0,
            runs: vec![Run {
                outcomes: Outcomes {
                    offered: 10,
                    good: 4,
                    late: 3,
                    rejected: 2,
                    failed: 1,
                },
                ..Run::default()
            }],
        }
    }

    fn written() -> String {
        serde_json::to_string_pretty(&record()).unwrap()
    }

    /// The place and the words of what is said to a text.
    fn refusal(text: &str) -> (usize, usize, String) {
        let error = Record::read(text).unwrap_err();
        (error.line, error.column, error.what)
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Record::read(&written()).unwrap(), record());
    }

    #[test]
    fn another_format_is_refused_whatever_else_it_has() {
        let (line, column, what) = refusal("{\n  \"odd\": 1,\n  \"format\": 2,\n  \"more\": 3\n}");
        assert_eq!((line, column), (3, 13));
        assert!(what.starts_with("this is a record of format 2, "), "{what}");
    }

    #[test]
    fn an_unknown_field_is_refused_where_it_stands() {
        for place in [
            "\"provenance\": {",
            "\"outcomes\": {",
            "\"latency\": {",
            "\"spread\": {",
        ] {
            let text = written().replacen(place, &format!("{place}\"odd\": 1,"), 1);
            let line = 1 + text.split("\"odd\"").next().unwrap().matches('\n').count();
            let (at, _, what) = refusal(&text);
            assert_eq!(at, line, "{what}");
            assert!(what.starts_with("unknown field `odd`"), "{what}");
        }
    }

    #[test]
    fn outcomes_that_do_not_sum_to_the_offered_are_refused() {
        let text = written().replace("\"late\": 3", "\"late\": 4");
        let (line, _, what) = refusal(&text);
        let end = 1 + text
            .split("\"failed\": 1")
            .next()
            .unwrap()
            .matches('\n')
            .count();
        assert!((end..=end + 1).contains(&line), "{line}, not {end}: {what}");
        assert!(what.starts_with("10 were offered, but 11 "), "{what}");
        let huge = written().replace("\"late\": 3", &format!("\"late\": {}", u64::MAX));
        assert!(refusal(&huge).2.contains("more than can be counted"));
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["", "{", "[]", "no record", "{\"format\": \"1\"}", "\u{0}"] {
            let (line, _, what) = refusal(text);
            assert!(
                line <= 1 && what.contains("measure again"),
                "{text}: {what}"
            );
        }
    }
}
