//! How figures are written where there is little room.

/// Writes a figure with three digits that count: 0.0123, 4.56, 789, 12.3k, 4.5M.
pub(crate) fn brief(value: f64) -> String {
    const STEPS: [(f64, &str); 3] = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    // Four digits are read as easily as three and a letter.
    let step = STEPS
        .into_iter()
        .find(|(step, _)| size >= 9_999.5 && size >= *step);
    match step {
        Some((step, letter)) => format!("{}{letter}", three_digits(value / step)),
        None => three_digits(value),
    }
}

/// Writes a part of a whole as per cent.
pub(crate) fn percent(share: f64) -> String {
    let hundred = share * 100.0;
    if hundred != 0.0 && hundred.abs() < 0.01 {
        return "< 0.01 %".to_owned();
    }
    // 99.97 % is not all.
    if share < 1.0 && share > 0.995 {
        return format!("{:.2} %", (hundred * 100.0).floor() / 100.0);
    }
    format!("{} %", three_digits(hundred))
}

fn three_digits(value: f64) -> String {
    let size = value.abs();
    let digits = match size {
        0.0 => 0,
        s if s >= 99.95 => 0,
        s if s >= 9.995 => 1,
        s if s >= 0.9995 => 2,
        s if s >= 0.1 => 3,
        s if s >= 0.01 => 4,
        s if s >= 0.001 => 5,
        _ => return format!("{value:.0e}"),
    };
    let text = format!("{value:.digits$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{brief, percent};

    #[test]
    fn three_digits_count() {
        let cases = [
            (0.0, "0"),
            (0.5, "0.5"),
            (0.79649, "0.796"),
            (0.9996, "1"),
            (1.0, "1"),
            (23.94, "23.9"),
            (999.6, "1000"),
            (9_999.0, "9999"),
            (12_345.0, "12.3k"),
            (4_500_000.0, "4.5M"),
            (-1.5, "-1.5"),
            (0.000_02, "2e-5"),
            (f64::NAN, "–"),
        ];
        for (value, expected) in cases {
            assert_eq!(brief(value), expected, "{value}");
        }
    }

    #[test]
    fn nearly_all_is_not_all() {
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.999_96), "99.99 %");
        assert_eq!(percent(0.123), "12.3 %");
        assert_eq!(percent(0.000_01), "< 0.01 %");
        assert_eq!(percent(0.0), "0 %");
    }
}
