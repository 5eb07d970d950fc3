//! Puts the names of curves beside their ends, so that none covers another.

/// Gives the heights that are nearest to the wished ones with at least `gap`
/// between any two, all from `top` to `bottom` if that is possible: the least
/// squares, by pooling those that would overlap. The order is kept.
pub(crate) fn spread(wishes: &[f64], gap: f64, (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = wishes.iter().copied().enumerate().collect();
    order.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    // Pools of names that touch: the sum of their starts, and how many they are.
    let mut pools: Vec<(f64, f64)> = Vec::new();
    for (rank, (_, wish)) in (0_u32..).zip(&order) {
        let mut pool = (wish - f64::from(rank) * gap, 1.0);
        while let Some((sum, count)) = pools.pop_if(|last| last.0 / last.1 >= pool.0 / pool.1) {
            pool = (pool.0 + sum, pool.1 + count);
        }
        pools.push(pool);
    }
    let last = f64::from(u32::try_from(order.len().saturating_sub(1)).unwrap_or(u32::MAX));
    // Where there is no room, they begin at the top and run over the bottom.
    let start_max = (bottom - last * gap).max(top);
    let mut placed = vec![0.0; wishes.len()];
    let mut pool = pools.iter();
    let (mut left, mut start) = (0.0, 0.0);
    for (rank, (index, _)) in (0_u32..).zip(order) {
        if left < 0.5
            && let Some((sum, count)) = pool.next()
        {
            (left, start) = (*count, (sum / count).clamp(top, start_max));
        }
        left -= 1.0;
        if let Some(place) = placed.get_mut(index) {
            *place = start + f64::from(rank) * gap;
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::spread;

    #[test]
    fn names_stay_beside_their_ends_until_they_touch() {
        assert_eq!(spread(&[80.0, 10.0], 12.0, (0.0, 100.0)), [80.0, 10.0]);
        assert_eq!(spread(&[50.0, 50.0], 12.0, (0.0, 100.0)), [44.0, 56.0]);
        assert_eq!(spread(&[99.0, 98.0], 12.0, (0.0, 100.0)), [100.0, 88.0]);
        assert_eq!(spread(&[], 12.0, (0.0, 100.0)), [0.0; 0]);
    }

    proptest! {
        #[test]
        fn no_name_covers_another_and_all_are_in_the_picture(
            wishes in proptest::collection::vec(0.0..200.0_f64, 1..15),
        ) {
            let placed = spread(&wishes, 13.0, (0.0, 200.0));
            let mut sorted = placed.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] > 12.999));
            prop_assert!(placed.iter().all(|place| (-1e-6..=200.0 + 1e-6).contains(place)));
            for (i, j) in (0..wishes.len()).flat_map(|i| (0..wishes.len()).map(move |j| (i, j))) {
                prop_assert!(wishes[i] >= wishes[j] || placed[i] < placed[j], "the order is kept");
            }
        }
    }
}
