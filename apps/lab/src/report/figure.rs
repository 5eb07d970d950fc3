//! A figure of the report: what it shows in words, and the plots that show it.

use crate::plot::axis::Axis;
use crate::plot::chart::{Curve, Dot, Marks};
use crate::plot::numeral::brief;
use crate::report::middle::Middle;
use crate::report::study::{Line, Point};

/// How large a plot is that stands beside another, in pixels.
pub(crate) const HALF: (f64, f64) = (430.0, 290.0);
/// How large one of many is.
const SMALL: (f64, f64) = (286.0, 220.0);
/// How wide a plot over the whole page is, and the same on a narrow screen.
pub(crate) const WIDE: f64 = 880.0;
pub(crate) const NARROW: f64 = 400.0;
/// From how many times the least figure on an axis counts ratios.
const LOG_FROM: f64 = 5.0;

/// Is plots that belong together, with words.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) title: String,
    pub(crate) caption: String,
    pub(crate) layout: Layout,
    pub(crate) drawings: Vec<Drawing>,
}

/// Says how plots stand on a page that has room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layout {
    /// One plot, with another figure beside it.
    Half,
    /// Two in a row.
    Pairs,
    /// Three in a row.
    Threes,
    /// One over the whole width.
    Wide,
}

/// Is one plot.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    /// What its file is called, without the ending.
    pub(crate) slug: String,
    pub(crate) svg: String,
    /// The same for a narrow screen, where it differs.
    pub(crate) narrow: Option<String>,
    /// Its panels one by one, for who has room for one; the page has them all in one.
    pub(crate) panels: Vec<Drawing>,
}

impl Drawing {
    pub(crate) fn new(slug: impl AsRef<str>, svg: String) -> Self {
        Self {
            slug: slug_of(slug.as_ref()),
            svg,
            narrow: None,
            panels: Vec::new(),
        }
    }
}

/// Gives how so many small plots stand beside each other, and their size.
pub(crate) const fn several(count: usize) -> (Layout, (f64, f64)) {
    match count {
        1 | 2 | 4 => (Layout::Pairs, (HALF.0, SMALL.1)),
        _ => (Layout::Threes, SMALL),
    }
}

/// Makes a name of a file: small letters, digits and hyphens, not too many.
pub(crate) fn slug_of(words: &str) -> String {
    let mut slug = String::new();
    for c in words.chars().take(60) {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "plot".to_owned()
    } else {
        slug.to_owned()
    }
}

/// Gives an axis that suits such positive figures: by ratio where they differ much.
pub(crate) fn axis_for(title: &str, figures: &[f64]) -> Axis {
    let low = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let high = figures.iter().copied().fold(0.0, f64::max);
    let axis = if low > 0.0 && high / low >= LOG_FROM {
        Axis::log(title)
    } else {
        Axis {
            also: Vec::new(),
            ..Axis::linear(title)
        }
    };
    axis.tight()
}

/// Makes a curve of the medians of a figure at the points of a variant.
pub(crate) fn curve<'r>(
    line: &Line<'r>,
    x: impl Fn(&Point<'r>) -> Option<f64>,
    y: impl Fn(&Point<'r>) -> Option<Middle>,
) -> Curve {
    let dots = line.points.iter().filter_map(|point| {
        let x = x(point)?;
        Some(dot(&line.name, point, x, y(point)))
    });
    Curve {
        name: line.name.clone(),
        style: line.style,
        dots: dots.collect(),
        marks: Marks::Each,
    }
}

fn dot(name: &str, point: &Point<'_>, x: f64, middle: Option<Middle>) -> Dot {
    let Some(middle) = middle else {
        return Dot {
            x,
            y: f64::NAN,
            ..Dot::default()
        };
    };
    let range = (middle.count > 1).then_some((middle.low, middle.high));
    let said = format!("{name}, {}: {}", point.at.words(), middle.brief());
    Dot {
        x,
        y: middle.median,
        range,
        said,
    }
}

/// Says over how many seeds the medians are.
pub(crate) fn seeds<'r>(points: impl Iterator<Item = &'r Point<'r>>) -> String {
    let counts: Vec<usize> = points.map(|point| point.valid().count()).collect();
    let (least, most) = (counts.iter().min(), counts.iter().max());
    match (least, most) {
        (_, None | Some(0 | 1)) => "One seed.".to_owned(),
        (Some(least), Some(most)) if least == most => {
            format!("Median of {most} seeds; the band is their range.")
        }
        (_, Some(most)) => {
            format!("Median of up to {most} seeds; the band is their range.")
        }
    }
}

/// Writes a target as a rule is named.
pub(crate) fn target_name(target_ms: f64) -> String {
    format!("target {} ms", brief(target_ms))
}

#[cfg(test)]
mod tests {
    use super::{axis_for, slug_of};
    use crate::plot::scale::Kind;

    #[test]
    fn a_slug_is_a_safe_name_of_a_file() {
        assert_eq!(slug_of("Drain rate, 2x"), "drain-rate-2x");
        assert_eq!(slug_of("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug_of("ä/."), "plot");
    }

    #[test]
    fn an_axis_counts_ratios_where_figures_differ_much() {
        assert_eq!(axis_for("x", &[0.5, 10.0]).kind, Kind::Log);
        assert_eq!(axis_for("x", &[0.5, 1.0]).kind, Kind::Linear);
        assert_eq!(axis_for("x", &[0.0, 10.0]).kind, Kind::Linear);
        assert_eq!(axis_for("x", &[]).kind, Kind::Linear);
    }
}
