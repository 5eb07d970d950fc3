//! What was measured, and what it should be: a line for people or for programs.

use std::fmt::Write as _;

use serde::Serialize;

/// Says how a value relates to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The value should be at most the target.
    AtMost,
    /// The value should be at least the target.
    AtLeast,
    /// The value is shown for comparison.
    Nothing,
}

/// Is one measured value.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// The goal that it belongs to, such as `L8`; empty when to none.
    pub goal: String,
    /// What was measured.
    pub what: String,
    /// The value.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it should be.
    pub target: Option<f64>,
    /// Whether it is.
    pub met: Option<bool>,
    #[serde(skip)]
    wanted: Wanted,
}

impl Figure {
    /// Makes a figure without a target.
    pub fn shown(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            goal: String::new(),
            what: what.into(),
            value,
            unit,
            target: None,
            met: None,
            wanted: Wanted::Nothing,
        }
    }

    /// Sets what the value should be, and for which goal.
    #[must_use]
    pub fn wanted(mut self, goal: &str, wanted: Wanted, target: f64) -> Self {
        goal.clone_into(&mut self.goal);
        self.wanted = wanted;
        self.target = Some(target);
        self.met = match wanted {
            Wanted::AtMost => Some(self.value <= target),
            Wanted::AtLeast => Some(self.value >= target),
            Wanted::Nothing => None,
        };
        self
    }
}

/// Is how figures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A table.
    Table,
    /// An object a line.
    Json,
}

impl Output {
    /// Reads `-o json` or `-o table` from the command line.
    ///
    /// # Errors
    ///
    /// Says what else was found.
    pub fn from_args(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let words: Vec<String> = args.into_iter().collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match *words.as_slice() {
            [] | ["-o", "table"] => Ok(Self::Table),
            ["-o", "json"] => Ok(Self::Json),
            _ => Err(format!(
                "unknown words {words:?}; use `-o json` or `-o table`"
            )),
        }
    }

    /// Prints a figure at once, since a whole run takes minutes.
    pub fn print(self, figure: &Figure) {
        match self {
            Self::Json => println!("{}", serde_json::to_string(figure).unwrap_or_default()),
            Self::Table => println!("{}", line(figure)),
        }
    }
}

fn line(figure: &Figure) -> String {
    let mut line = format!(
        "{:<5} {:<64} {:>10.2} {:<6}",
        figure.goal, figure.what, figure.value, figure.unit
    );
    if let (Some(target), Some(met)) = (figure.target, figure.met) {
        let sign = if figure.wanted == Wanted::AtMost {
            "<="
        } else {
            ">="
        };
        let verdict = if met { "met" } else { "NOT MET" };
        let _ = write!(line, " {sign} {target:<8} {verdict}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{Figure, Output, Wanted, line};

    #[test]
    fn a_figure_says_whether_its_target_is_met() {
        let figure = Figure::shown("hop", 7.5, "ns").wanted("hop", Wanted::AtMost, 8.0);
        assert_eq!(figure.met, Some(true));
        assert!(line(&figure).ends_with("met"));
        let figure = Figure::shown("hop", 7.5, "x").wanted("hop", Wanted::AtLeast, 8.0);
        assert_eq!(figure.met, Some(false));
        let json = serde_json::to_string(&figure).unwrap();
        assert!(
            json.contains(r#""unit":"x","target":8.0,"met":false"#),
            "{json}"
        );
    }

    #[test]
    fn other_words_are_refused() {
        assert_eq!(
            Output::from_args(["-o".into(), "json".into()]),
            Ok(Output::Json)
        );
        assert!(Output::from_args(["-x".to_owned()]).is_err());
    }
}
