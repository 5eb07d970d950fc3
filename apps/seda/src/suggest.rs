//! Finds the word that a misspelt one was probably meant to be.

/// The candidate closest to `word`, when it is close enough to be meant.
///
/// ```
/// use seda::suggest::closest;
///
/// assert_eq!(closest("lisen", ["listen", "drain"]), Some("listen"));
/// assert_eq!(closest("colour", ["listen", "drain"]), None);
/// ```
pub fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // One slip in three letters is a slip; more is another word.
    let distance_max = word.chars().count().div_ceil(3);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= distance_max)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many slips make one word of the other: a character too many, missing, wrong,
/// or swapped with its neighbour (optimal string alignment, three rows of its table at a time).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let mut before_last = Vec::new();
    let mut previous = None;
    for (index, left) in from.chars().enumerate() {
        let mut row = vec![index + 1];
        let mut neighbour = None;
        for (column, right) in to.iter().copied().enumerate() {
            let mut best = at(&last, column) + usize::from(left != right);
            best = best.min(at(&last, column + 1) + 1);
            best = best.min(at(&row, column) + 1);
            if column > 0 && neighbour == Some(left) && previous == Some(right) {
                best = best.min(at(&before_last, column - 1) + 1);
            }
            row.push(best);
            neighbour = Some(right);
        }
        before_last = std::mem::replace(&mut last, row);
        previous = Some(left);
    }
    at(&last, to.len())
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    #[test]
    fn distances_count_slips() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("kitten", "sitting", 3),
            ("straße", "strasse", 2),
            ("jbo", "job", 1),
            ("abcd", "badc", 2),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
            assert_eq!(distance(to, from), expected, "{to} {from}");
        }
    }

    #[test]
    fn the_closest_wins_and_a_far_one_is_not_guessed() {
        let keys = ["head_timeout", "body_timeout", "idle_timeout"];
        assert_eq!(closest("boddy_timeout", keys), Some("body_timeout"));
        assert_eq!(closest("x", keys), None);
        assert_eq!(closest("lits", ["list", "logs"]), Some("list"));
    }
}
