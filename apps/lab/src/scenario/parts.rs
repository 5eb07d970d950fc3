//! The parts of requests that belong to classes.

use crate::scenario::Load;

/// What is left after these is a class too.
const PARTS_MAX: usize = 7;
/// Parts that lack less than this of 1 lack nothing: they are written in decimals.
const ALMOST: f64 = 1e-9;

impl Load {
    /// Gives the parts of the classes, the most urgent first; none without classes.
    pub fn classes(&self) -> &[f64] {
        match self {
            Self::Open { classes, .. } => classes,
            Self::Closed { .. } => &[],
        }
    }
}

/// Counts classes, with the one that what is left belongs to.
pub(crate) fn count(parts: &[f64]) -> usize {
    let rest = parts.iter().sum::<f64>() < 1.0 - ALMOST;
    parts.len() + usize::from(rest)
}

/// Says what parts cannot be.
pub(crate) fn faults(parts: &[f64]) -> impl Iterator<Item = &'static str> {
    let each = parts.iter().all(|part| (0.0..=1.0).contains(part));
    let whole = parts.iter().sum::<f64>() <= 1.0 + ALMOST;
    let of_one = !(each && whole);
    let too_many = parts.len() > PARTS_MAX;
    let sum = of_one.then_some("parts are 0 to 1 and sum to at most 1");
    let few = "at most 8 classes are told apart, the rest is one of them";
    sum.into_iter().chain(too_many.then_some(few))
}

#[cfg(test)]
mod tests {
    use super::{count, faults};

    #[test]
    fn what_is_missing_to_all_is_one_class_more() {
        assert_eq!([count(&[0.1]), count(&[0.1, 0.9]), count(&[])], [2, 2, 1]);
        assert_eq!(count(&[0.1; 10]), 10, "a sum of decimals is not exact");
    }

    #[test]
    fn parts_are_of_one_whole_and_not_too_many() {
        let wrong = |parts: &[f64]| faults(parts).count();
        assert_eq!([wrong(&[0.1; 7]), wrong(&[0.3, 0.7]), wrong(&[])], [0; 3]);
        assert_eq!(
            [wrong(&[0.7, 0.7]), wrong(&[-0.1]), wrong(&[f64::NAN])],
            [1; 3]
        );
        assert_eq!([wrong(&[0.1; 8]), wrong(&[0.2; 8])], [1, 2]);
    }
}
