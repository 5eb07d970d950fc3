//! Which coding of an answer's bytes a client wants most.

use crate::http::headers::Headers;

/// How the bytes of an answer may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As they are.
    Identity,
    /// Compressed (RFC 9110 §8.4.1.3).
    Gzip,
}

/// Tells what a client wants, of what can be had here.
///
/// Without the field, anything would do, but nothing was asked for: the bytes
/// stay as they are. They also do where the client refuses all that can be had,
/// since a body in a coding that it does not like is better than none (§12.1).
/// Of two that it likes equally, it gets the shorter one.
///
/// # Sources
///
/// RFC 9110 §12.5.3.
pub(super) fn wanted(headers: &Headers) -> Coding {
    // What is not named has no weight, unless `*` gives it one.
    let any = weight(headers, &["*"]).unwrap_or(0);
    let gzip = weight(headers, &["gzip", "x-gzip"]).unwrap_or(any);
    let identity = weight(headers, &["identity"]).unwrap_or(any);
    if gzip > 0 && gzip >= identity {
        Coding::Gzip
    } else {
        Coding::Identity
    }
}

/// Gives the weight of the first item with one of these names, in thousandths;
/// an item whose weight is malformed is none.
fn weight(headers: &Headers, names: &[&str]) -> Option<u16> {
    headers.list("accept-encoding").find_map(|item| {
        let (name, weight) = match item.split_once(';') {
            None => (item, Some(1_000)),
            Some((name, parameter)) => (name.trim_end(), thousandths(parameter)),
        };
        let fits = names.iter().any(|have| have.eq_ignore_ascii_case(name));
        weight.filter(|_| fits)
    })
}

/// Reads `q=0.5` (RFC 9110 §12.4.2).
fn thousandths(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.trim_matches([' ', '\t']).split_once('=')?;
    if !name.eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let digits = decimals.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || decimals.len() > 3 {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, decimals) {
        ("0", decimals) => Some(decimals),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&str]) -> Coding {
        let mut headers = Headers::new();
        for value in fields {
            headers.push("Accept-Encoding", value).unwrap();
        }
        wanted(&headers)
    }

    /// Each row: the paragraph of RFC 9110, the fields of that name, what is sent.
    #[test]
    fn the_client_has_what_it_likes_most() {
        use Coding::{Gzip, Identity};
        let rows: &[(&str, &[&str], Coding)] = &[
            ("§12.5.3 no field: not asked for", &[], Identity),
            ("§12.5.3 an empty field: none wanted", &[""], Identity),
            ("§12.5.3", &["gzip"], Gzip),
            ("§12.5.3", &["gzip, deflate, br, zstd"], Gzip),
            ("§12.5.3", &["deflate"], Identity),
            ("§12.5.3", &["identity"], Identity),
            ("§12.5.3", &["compress;q=0.5, gzip;q=1.0"], Gzip),
            ("§12.5.3", &["gzip;q=1.0, identity; q=0.5, *;q=0"], Gzip),
            ("§12.5.3 as much", &["identity, gzip"], Gzip),
            ("§12.5.3 more", &["identity, gzip;q=0.999"], Identity),
            ("§12.5.3 zero refuses", &["gzip;q=0"], Identity),
            ("§12.5.3 the rest", &["*"], Gzip),
            ("§12.5.3 the rest", &["br, *;q=0.1"], Gzip),
            ("§12.5.3 not what is named", &["gzip;q=0, *"], Identity),
            ("§12.5.3 not what is named", &["*;q=0, gzip"], Gzip),
            ("§12.5.3 the rest", &["*;q=0.5, gzip;q=0.4"], Identity),
            ("§12.5.3 must", &["identity;q=0, gzip;q=0.001"], Gzip),
            ("§12.1 nothing is liked", &["identity;q=0"], Identity),
            ("§12.1 nothing is liked", &["*;q=0"], Identity),
            ("§12.4.2", &["gzip;q=0.000"], Identity),
            ("§12.4.2", &["gzip;q=1.000"], Gzip),
            ("§12.4.2", &["gzip;q=0."], Identity),
            ("§12.4.2", &["gzip;Q=1."], Gzip),
            ("§12.4.2 four digits", &["gzip;q=0.0001"], Identity),
            ("§12.4.2 above one", &["gzip;q=1.001"], Identity),
            ("§12.4.2 above one", &["gzip;q=2"], Identity),
            ("§12.4.2 no number", &["gzip;q=+0.5"], Identity),
            ("§12.4.2 no number", &["gzip;q=0.+5"], Identity),
            ("§12.4.2 no number", &["gzip;q="], Identity),
            ("§12.4.2 no weight", &["gzip;x=1"], Identity),
            ("§5.6.6 space around ;", &["gzip \t; \tq=0.5"], Gzip),
            ("§5.6.1 empty items", &[", ,gzip,"], Gzip),
            ("§5.3 one list", &["br", "gzip"], Gzip),
            ("§8.4.1 in any case", &["GZip"], Gzip),
            ("§8.4.1.3 its old name", &["x-gzip"], Gzip),
            ("§8.4.1 another name", &["gzip2"], Identity),
        ];
        for (paragraph, fields, coding) in rows {
            assert_eq!(of(fields), *coding, "{paragraph}: {fields:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_field_breaks_the_reading(value in "[ ,;=.*01qgzip\u{e9}]{0,24}") {
            of(&[&value]);
        }
    }
}
