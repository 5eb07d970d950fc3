//! Metrics as lines of text: families, samples, labels.
//!
//! Source: Prometheus, "Exposition formats", text format 0.0.4.

use std::borrow::Cow;
use std::fmt::{Display, Write};

/// Is the text as far as it is written. (Writing to a `String` cannot fail.)
pub(crate) struct Page<'g> {
    graph: &'g str,
    pub(crate) text: String,
}

impl<'g> Page<'g> {
    pub(crate) const fn new(graph: &'g str) -> Self {
        Self {
            graph,
            text: String::new(),
        }
    }

    /// Begins a metric; its samples must follow at once.
    pub(crate) fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let _ = write!(self.text, "{name}{{graph=\"{}\"", escaped(self.graph));
        for (label, text) in labels {
            let _ = write!(self.text, ",{label}=\"{}\"", escaped(text));
        }
        let _ = writeln!(self.text, "}} {value}");
    }

    pub(crate) fn summary(
        &mut self,
        name: &str,
        stage: &str,
        (values, sum, count): ([f64; 4], f64, u64),
    ) {
        if count > 0 {
            for (quantile, value) in ["0.5", "0.9", "0.99", "1"].into_iter().zip(values) {
                self.sample(name, &[("stage", stage), ("quantile", quantile)], value);
            }
        }
        self.sample(&format!("{name}_sum"), &[("stage", stage)], sum);
        self.sample(&format!("{name}_count"), &[("stage", stage)], count);
    }
}

/// Escapes a label's value: backslash, double quote and line feed.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['\\', '"', '\n']) {
        return Cow::Borrowed(text);
    }
    let text = text.replace('\\', r"\\").replace('"', "\\\"");
    Cow::Owned(text.replace('\n', r"\n"))
}
