//! Which bytes a client asks for.

use super::headers::Headers;

/// Ranges of one request that are answered; with more, the whole is sent.
const RANGES_MAX: usize = 16;

/// A stretch of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) len: u64,
}

impl Span {
    /// Returns the last byte's place; there must be one.
    pub(super) const fn last(self) -> u64 {
        self.start + self.len - 1
    }
}

/// Says what a `Range` field asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole: it says nothing, or nothing that makes sense.
    Whole,
    /// Only bytes that are not there.
    Nothing,
    /// These, in the order asked for.
    Spans(Vec<Span>),
}

/// Reads the `Range` field of a request for something `len` bytes long.
///
/// A field that is malformed, repeated or of another unit counts as absent, and
/// so does one whose ranges are many, or together longer than the whole: that
/// is an attack, or a client better served with the whole. The last bytes of
/// nothing are the whole too: they can be had, but no `Content-Range` names them.
///
/// # Sources
///
/// RFC 9110 §14.1.2, §14.2.
pub(super) fn wanted(headers: &Headers, len: u64) -> Wanted {
    let mut fields = headers.all("range");
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return Wanted::Whole;
    };
    match spans(field, len) {
        None => Wanted::Whole,
        Some(spans) if spans.is_empty() => Wanted::Nothing,
        Some(spans) => {
            let together = spans
                .iter()
                .try_fold(0_u64, |sum, span| sum.checked_add(span.len));
            match together {
                Some(sum) if sum <= len && spans.len() <= RANGES_MAX => Wanted::Spans(spans),
                _ => Wanted::Whole,
            }
        }
    }
}

/// Lists the ranges that have bytes; none when the field is malformed.
fn spans(field: &str, len: u64) -> Option<Vec<Span>> {
    let (unit, set) = field.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut spans = Vec::new();
    let mut any = false;
    for spec in set.split(',').map(|spec| spec.trim_matches([' ', '\t'])) {
        if spec.is_empty() {
            continue;
        }
        any = true;
        let span = span(spec, len)?;
        // More than are ever sent need not be kept.
        if span.len > 0 && spans.len() <= RANGES_MAX {
            spans.push(span);
        }
    }
    any.then_some(spans)
}

/// Reads one range, which is empty when none of its bytes is there; none when malformed.
fn span(spec: &str, len: u64) -> Option<Span> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        let asked = number(last)?;
        if len == 0 && asked > 0 {
            return None;
        }
        let suffix = asked.min(len);
        return Some(Span {
            start: len - suffix,
            len: suffix,
        });
    }
    let start = number(first)?;
    let last = match last {
        "" => u64::MAX,
        last => number(last)?,
    };
    if last < start {
        return None;
    }
    let end = last.saturating_add(1).min(len);
    Some(Span {
        start,
        len: end.saturating_sub(start),
    })
}

/// Reads a number; one beyond `u64` is as good as the largest.
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(field: &str, len: u64) -> Wanted {
        let mut headers = Headers::new();
        headers.push("Range", field).unwrap();
        wanted(&headers, len)
    }

    fn spans_of(pairs: &[(u64, u64)]) -> Wanted {
        let span = |&(start, len)| Span { start, len };
        Wanted::Spans(pairs.iter().map(span).collect())
    }

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        // RFC 9110 §14.1.2 has most of these, for 10,000 bytes.
        let rows: [(&str, Wanted); 21] = [
            ("bytes=0-499", spans_of(&[(0, 500)])),
            ("bytes=500-999", spans_of(&[(500, 500)])),
            ("bytes=-500", spans_of(&[(9_500, 500)])),
            ("bytes=9500-", spans_of(&[(9_500, 500)])),
            ("bytes=0-0,-1", spans_of(&[(0, 1), (9_999, 1)])),
            ("bytes= 0-0, ,4-5 ", spans_of(&[(0, 1), (4, 2)])),
            ("Bytes=7-7", spans_of(&[(7, 1)])),
            ("bytes=9999-20000", spans_of(&[(9_999, 1)])),
            ("bytes=-20000", spans_of(&[(0, 10_000)])),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=10000-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=10000-,0-1", spans_of(&[(0, 2)])),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=a-4", Wanted::Whole),
            ("bytes=+1-4", Wanted::Whole),
            ("bytes =0-4", Wanted::Whole),
            ("bytes=", Wanted::Whole),
            ("bytes=,", Wanted::Whole),
            ("lines=0-4", Wanted::Whole),
            ("bytes=0-,0-", Wanted::Whole),
        ];
        for (field, expected) in rows {
            assert_eq!(asked(field, 10_000), expected, "{field}");
        }
    }

    #[test]
    fn nothing_of_nothing_can_be_had() {
        assert_eq!(asked("bytes=0-", 0), Wanted::Nothing);
        assert_eq!(asked("bytes=-0", 0), Wanted::Nothing);
        assert_eq!(asked("bytes=-1", 0), Wanted::Whole);
    }

    #[test]
    fn many_ranges_are_one_whole() {
        let list = |n: usize| format!("bytes={}", vec!["1-1"; n].join(","));
        assert_eq!(asked(&list(16), 100), spans_of(&[(1, 1); 16]));
        assert_eq!(asked(&list(17), 100), Wanted::Whole);
        assert_eq!(asked(&list(1_000), 10_000), Wanted::Whole);
    }

    #[test]
    fn a_repeated_field_counts_as_none() {
        let mut headers = Headers::new();
        headers.push("Range", "bytes=0-1").unwrap();
        headers.push("Range", "bytes=2-3").unwrap();
        assert_eq!(wanted(&headers, 10), Wanted::Whole);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_asked_lies_inside(field in "bytes=[0-9, -]{0,24}", len in 0_u64..40) {
            if let Wanted::Spans(spans) = asked(&field, len) {
                proptest::prop_assert!(!spans.is_empty());
                for span in spans {
                    proptest::prop_assert!(span.len > 0 && span.last() < len, "{span:?}");
                }
            }
        }
    }
}
