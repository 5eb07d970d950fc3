//! How far a run is, on one line of a terminal that is written over and over.

use std::fmt::Display;
use std::io::{self, IsTerminal};

use seda_lab::generator::Seen;

use crate::tell;

/// Characters of the bar.
const BAR: u32 = 24;
/// Clears a line, and goes to its beginning.
const CLEAR: &str = "\r\x1b[K";

/// Is one line on standard error, if that is a terminal; otherwise nothing.
#[derive(Debug)]
pub(super) struct ProgressLine {
    name: String,
    shown: Shown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Never,
    Yes,
}

impl ProgressLine {
    pub(super) fn new(name: &str) -> Self {
        let shown = if io::stderr().is_terminal() {
            Shown::Yes
        } else {
            Shown::Never
        };
        Self {
            name: name.to_owned(),
            shown,
        }
    }

    /// Says what it is that is under way.
    pub(super) fn rename(&mut self, name: String) {
        self.name = name;
    }

    /// Shows how far it is.
    pub(super) fn show(&self, seen: &Seen) {
        if self.shown == Shown::Yes {
            tell::plain(format_args!("{CLEAR}{}", drawn(&self.name, seen)));
        }
    }

    /// Shows something else.
    pub(super) fn note(&self, what: impl Display) {
        if self.shown == Shown::Yes {
            tell::plain(format_args!("{CLEAR}{what}"));
        }
    }

    /// Leaves the line empty.
    pub(super) fn clear(&self) {
        if self.shown == Shown::Yes {
            tell::plain(CLEAR);
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of the bar's length"
)]
fn drawn(name: &str, seen: &Seen) -> String {
    let whole = seen.whole.as_secs_f64().max(f64::MIN_POSITIVE);
    let part = (seen.elapsed.as_secs_f64() / whole).clamp(0.0, 1.0);
    let full = (part * f64::from(BAR)) as u32;
    let bar: String = (0..BAR)
        .map(|at| if at < full { '=' } else { ' ' })
        .collect();
    let gap = if name.is_empty() { "" } else { " " };
    format!(
        "{name}{gap}[{bar}] {:.0}/{:.0} s  sent {}  answered {}  rejected {}  failed {}",
        seen.elapsed.as_secs_f64().min(whole),
        whole,
        seen.begun,
        seen.answered,
        seen.rejected,
        seen.failed
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_bar_is_as_full_as_the_run_is_over() {
        let seen = Seen {
            elapsed: Duration::from_secs(3),
            whole: Duration::from_secs(12),
            begun: 9,
            answered: 7,
            rejected: 1,
            failed: 0,
        };
        let line = drawn("2/60 at 0.5x", &seen);
        let bar = format!(
            "2/60 at 0.5x [{}{}] 3/12 s  sent 9",
            "=".repeat(6),
            " ".repeat(18)
        );
        assert!(line.starts_with(&bar), "{line}");
        let over = Seen {
            elapsed: Duration::from_secs(13),
            ..seen
        };
        assert!(drawn("", &over).starts_with(&format!("[{}] 12/12 s", "=".repeat(24))));
    }
}
