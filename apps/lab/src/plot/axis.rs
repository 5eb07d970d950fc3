//! What an axis counts, how, and how far it goes.

use crate::plot::scale::{Ends, Kind, Scale};

/// Is what an axis counts, and how.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) title: String,
    pub(crate) kind: Kind,
    pub(crate) ends: Ends,
    /// Figures that it covers beside those that are drawn.
    pub(crate) also: Vec<f64>,
}

impl Axis {
    pub(crate) fn linear(title: impl Into<String>) -> Self {
        let (title, kind, ends) = (title.into(), Kind::Linear, Ends::Round);
        Self {
            title,
            kind,
            ends,
            also: vec![0.0],
        }
    }

    pub(crate) fn log(title: impl Into<String>) -> Self {
        let (title, kind, ends) = (title.into(), Kind::Log, Ends::Round);
        Self {
            title,
            kind,
            ends,
            also: Vec::new(),
        }
    }

    /// Ends where the figures end.
    pub(crate) const fn tight(mut self) -> Self {
        self.ends = Ends::Tight;
        self
    }

    /// Covers these figures as well.
    pub(crate) fn covering(mut self, figures: impl IntoIterator<Item = f64>) -> Self {
        self.also.extend(figures);
        self
    }

    /// Makes a scale that covers these values as well.
    pub(crate) fn scale(&self, values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Scale {
        let all = values.chain(self.also.iter().copied());
        Scale::covering(self.kind, self.ends, all, pixels)
    }
}
