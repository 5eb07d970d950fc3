//! What a class gets of the rate of a weighted queue.

use crate::meta::Class;

/// Gives for each class the events per second that it would get if it always
/// had some: the others have what they ask for as far as that is below their
/// share, and what they leave is divided by weight (max-min fairness, which the
/// queue's weighted round robin comes to).
///
/// `weights` are 0 for classes that there are not.
pub(super) fn shares(
    rate: f64,
    weights: &[f64; Class::COUNT_MAX],
    asked: &[f64; Class::COUNT_MAX],
) -> [f64; Class::COUNT_MAX] {
    let mut shares = [rate; Class::COUNT_MAX];
    for (class, (share, weight)) in shares.iter_mut().zip(weights).enumerate() {
        if *weight > 0.0 {
            *share = share_of(class, *weight, rate, weights.iter().zip(asked));
        }
    }
    shares
}

fn share_of<'w>(
    class: usize,
    own: f64,
    rate: f64,
    all: impl Iterator<Item = (&'w f64, &'w f64)>,
) -> f64 {
    let others = all.enumerate().filter(|(other, _)| *other != class);
    let mut others: Vec<(f64, f64)> = others
        .map(|(_, (weight, asked))| (*weight, *asked))
        .collect();
    others.retain(|(weight, _)| *weight > 0.0);
    // Who asks for the least beside its weight is content first.
    others.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
    let mut left = rate;
    let mut weights = own + others.iter().map(|(weight, _)| weight).sum::<f64>();
    for (weight, asked) in others {
        if asked * weights >= left * weight {
            break;
        }
        left -= asked;
        weights -= weight;
    }
    left * own / weights
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::shares;
    use crate::meta::Class;

    fn of(rate: f64, classes: &[(f64, f64)]) -> [f64; Class::COUNT_MAX] {
        let (mut weights, mut asked) = ([0.0; Class::COUNT_MAX], [0.0; Class::COUNT_MAX]);
        for (place, (weight, asks)) in classes.iter().enumerate() {
            (weights[place], asked[place]) = (*weight, *asks);
        }
        shares(rate, &weights, &asked)
    }

    #[test]
    fn those_that_ask_for_enough_have_their_weights() {
        let [first, second, ..] = of(2_000.0, &[(3.0, 9_000.0), (1.0, 9_000.0)]);
        assert!((first - 1_500.0).abs() < 1e-6 && (second - 500.0).abs() < 1e-6);
    }

    #[test]
    fn what_one_leaves_is_divided_among_the_others() {
        let classes = [(2.0, 100.0), (1.0, 9_000.0), (1.0, 9_000.0)];
        let [first, second, third, ..] = of(2_000.0, &classes);
        assert!((first - 1_000.0).abs() < 1e-6, "it could have its half");
        assert!((second - 950.0).abs() < 1e-6 && (third - 950.0).abs() < 1e-6);
        let [alone, ..] = of(2_000.0, &[(1.0, 9_000.0), (63.0, 0.0)]);
        assert!((alone - 2_000.0).abs() < 1e-6);
    }

    proptest! {
        /// Nobody has less than its weight's share, nor more than the rate; and if
        /// all ask for more than there is, shares sum to the rate.
        #[test]
        fn a_share_is_at_least_what_the_weight_says(
            classes in proptest::collection::vec((1_u32..100, 0.0..5_000.0_f64), 1..=Class::COUNT_MAX),
        ) {
            let rate = 1_000.0;
            let classes: Vec<_> = classes.iter().map(|(weight, asks)| (f64::from(*weight), *asks)).collect();
            let shares = of(rate, &classes);
            let weights: f64 = classes.iter().map(|(weight, _)| weight).sum();
            for ((weight, _), share) in classes.iter().zip(shares) {
                prop_assert!(share >= rate * weight / weights - 1e-6 && share <= rate + 1e-6, "{share}");
            }
            let greedy: Vec<_> = classes.iter().map(|(weight, _)| (*weight, 1e9)).collect();
            let sum: f64 = of(rate, &greedy).iter().take(classes.len()).sum();
            prop_assert!((sum - rate).abs() < 1e-6, "{sum}");
        }
    }
}
