//! How evenly something is shared.

/// Gives Jain's index: the square of the sum / (number x sum of the squares);
/// 1 where nobody has anything.
///
/// Source: Jain, Chiu, Hawe, DEC-TR-301, 1984.
pub(crate) fn jain(shares: impl Iterator<Item = f64>) -> f64 {
    let add =
        |(n, sum, squares), share| (n + 1.0, sum + share, f64::mul_add(share, share, squares));
    let (n, sum, squares) = shares.fold((0.0, 0.0, 0.0), add);
    if squares > 0.0 {
        sum * sum / (n * squares)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::jain;

    fn is(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-12, "{value}, not {expected}");
    }

    #[test]
    fn all_alike_is_1_and_all_for_one_is_1_of_n() {
        is(jain([3.0; 4].into_iter()), 1.0);
        is(jain([3.0, 0.0, 0.0, 0.0].into_iter()), 0.25);
        is(jain([0.0; 4].into_iter()), 1.0);
    }
}
