//! The middle of what several seeds gave, and how far they lie apart.

use crate::plot::numeral::brief;

/// Is the median of some figures with their range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Middle {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
    /// Of how many figures.
    pub(crate) count: usize,
}

impl Middle {
    /// Gives the middle of these figures; none where there is no figure.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let finite = figures.into_iter().filter(|figure| figure.is_finite());
        let mut figures: Vec<f64> = finite.collect();
        figures.sort_by(f64::total_cmp);
        let count = figures.len();
        let (below, above) = (
            figures.get(count.saturating_sub(1) / 2)?,
            figures.get(count / 2)?,
        );
        Some(Self {
            low: *figures.first()?,
            median: f64::midpoint(*below, *above),
            high: *figures.last()?,
            count,
        })
    }

    /// Tells whether this range and another one have a figure in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }

    /// Writes the median, and the range where there is one.
    pub(crate) fn written(&self, show: impl Fn(f64) -> String) -> String {
        let Self {
            low,
            median,
            high,
            count,
        } = *self;
        let (low, high) = (show(low), show(high));
        if count < 2 || low == high {
            return show(median);
        }
        format!("{} ({low}–{high})", show(median))
    }

    /// Writes it with three digits.
    pub(crate) fn brief(&self) -> String {
        self.written(brief)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Middle;

    #[test]
    fn the_median_of_an_even_number_is_between_two() {
        let middle = Middle::of([4.0, 1.0, f64::NAN, 3.0, 2.0]).unwrap();
        assert_eq!(
            (middle.low, middle.median, middle.high, middle.count),
            (1.0, 2.5, 4.0, 4)
        );
        assert_eq!(middle.brief(), "2.5 (1–4)");
        assert_eq!(Middle::of([7.0]).unwrap().brief(), "7");
        assert_eq!(Middle::of([]), None);
    }

    proptest! {
        #[test]
        fn half_are_at_most_the_median_and_half_at_least(
            figures in proptest::collection::vec(-1e6..1e6_f64, 1..20),
        ) {
            let middle = Middle::of(figures.iter().copied()).unwrap();
            let below = figures.iter().filter(|figure| **figure <= middle.median).count();
            let above = figures.iter().filter(|figure| **figure >= middle.median).count();
            prop_assert!(below * 2 >= figures.len() && above * 2 >= figures.len());
            prop_assert!(middle.low <= middle.median && middle.median <= middle.high);
            prop_assert!(middle.overlaps(&middle));
        }
    }
}
