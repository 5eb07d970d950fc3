//! How curves are told apart: by colour, by dash and by the shape of their marks.
//!
//! The colours keep their distance for people who see no red or no green; dash
//! and shape tell curves apart in print without colour.

use crate::plot::markup::{Markup, Px};

/// How many colours there are; `plot.css` has as many classes `h0`, `h1`, …
const HUES: usize = 7;
/// How many dashes there are; `plot.css` has as many classes `d0`, `d1`, …
const DASHES: usize = 6;
/// The marks, around the origin, by colour.
const SHAPES: [&str; HUES] = [
    "M-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0z",
    "M-2.9 -2.9h5.8v5.8h-5.8z",
    "M0 -3.8l3.7 6.4h-7.4z",
    "M0 -4.1l4.1 4.1l-4.1 4.1l-4.1 -4.1z",
    "M0 3.8l3.7 -6.4h-7.4z",
    "M-1.2 -3.6h2.4v2.4h2.4v2.4h-2.4v2.4h-2.4v-2.4h-2.4v-2.4h2.4z",
    "M-3.6 -1.4h7.2v2.8h-7.2z",
];

/// Is how one curve looks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Style {
    hue: usize,
    dash: usize,
    fill: Fill,
}

/// Says whether marks are filled.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Fill {
    #[default]
    Solid,
    Hollow,
}

impl Style {
    /// Gives the look of the n-th curve; the first 42 differ.
    pub(crate) const fn nth(n: usize) -> Self {
        Self {
            hue: n % HUES,
            dash: n % DASHES,
            fill: Fill::Solid,
        }
    }

    /// Gives the same colour as the plain line that it is.
    pub(crate) const fn plain(mut self) -> Self {
        self.dash = 0;
        self.fill = Fill::Solid;
        self
    }

    /// Gives the same colour as the counterpart of [`plain`](Self::plain).
    pub(crate) const fn counterpart(mut self) -> Self {
        self.dash = 1;
        self.fill = Fill::Hollow;
        self
    }

    /// Gives the classes of what is drawn so.
    pub(crate) fn classes(self) -> String {
        let fill = match self.fill {
            Fill::Solid => "",
            Fill::Hollow => " hollow",
        };
        format!("h{} d{}{fill}", self.hue, self.dash)
    }

    /// Draws a mark; `said` is shown to who points at it.
    pub(crate) fn mark(self, markup: &mut Markup, (x, y): (f64, f64), said: &str) {
        let place = format!("translate({} {})", Px(x), Px(y));
        let shape = SHAPES.get(self.hue).copied().unwrap_or_default();
        markup.open("g", &[("transform", &place)]);
        if !said.is_empty() {
            markup.element("title", &[], said);
            // A mark is smaller than a finger.
            markup.leaf("circle", &[("class", &"touch"), ("r", &8)]);
        }
        markup.leaf("path", &[("class", &"mark"), ("d", &shape)]);
        markup.close();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{DASHES, HUES, Style};

    #[test]
    fn all_curves_of_a_plot_differ_and_every_class_has_a_style() {
        let classes: HashSet<_> = (0..HUES * DASHES)
            .map(|n| Style::nth(n).classes())
            .collect();
        assert_eq!(classes.len(), HUES * DASHES);
        let css = include_str!("plot.css");
        for hue in 0..HUES {
            assert_eq!(
                css.matches(&format!(".h{hue} .curve")).count(),
                2,
                "light and dark"
            );
        }
        for dash in 1..DASHES {
            assert!(css.contains(&format!(".d{dash} .curve")));
        }
    }
}
