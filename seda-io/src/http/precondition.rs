//! Whether a client has what it asks for already, or asks for what is no more.

use std::time::{SystemTime, UNIX_EPOCH};

use super::headers::Headers;
use super::message::Request;
use super::method::Method;

/// What tells one state of a thing from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validators {
    /// A strong entity tag, with its quotes.
    pub(super) tag: String,
    /// When it changed last, in seconds since 1970.
    pub(super) modified: Option<u64>,
}

/// Says how a request with conditions goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// Nothing stands against it.
    Yes,
    /// The client has this state: 304.
    Known,
    /// The client wants another state: 412.
    No,
}

/// Looks at the conditions of a request, in the order of RFC 9110 §13.2.2.
///
/// Methods that neither fetch nor change a state have none (§13.2.1), and a
/// state that was not fetched is not known by its time (§13.1.3).
pub(super) fn check(request: &Request, validators: &Validators) -> Held {
    if matches!(request.method().as_str(), "OPTIONS" | "TRACE" | "CONNECT") {
        return Held::Yes;
    }
    let fetches = matches!(request.method(), Method::Get | Method::Head);
    let headers = request.headers();
    let matches = match headers.get("if-match") {
        Some(_) => any_tag(headers, "if-match", |tag| tag == validators.tag),
        None => date(headers, "if-unmodified-since")
            .zip(validators.modified)
            .is_none_or(|(since, modified)| modified <= since),
    };
    if !matches {
        return Held::No;
    }
    let known = match headers.get("if-none-match") {
        Some(_) => any_tag(headers, "if-none-match", |tag| weak(tag) == validators.tag),
        None => date(headers, "if-modified-since")
            .zip(validators.modified)
            .is_some_and(|(since, modified)| fetches && modified <= since),
    };
    match (known, fetches) {
        (false, _) => Held::Yes,
        (true, true) => Held::Known,
        (true, false) => Held::No,
    }
}

/// Tells whether a range may be taken of this state (RFC 9110 §13.1.5).
pub(super) fn may_take_range(headers: &Headers, validators: &Validators) -> bool {
    match headers.get("if-range") {
        None => true,
        Some(tag) if tag.ends_with('"') => tag == validators.tag,
        Some(_) => {
            let asked = date(headers, "if-range");
            asked.is_some() && asked == validators.modified
        }
    }
}

/// Gives what two tags are compared by when one may be weak.
fn weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Tells whether a list of tags is `*`, or has one that `fits`.
fn any_tag(headers: &Headers, name: &str, fits: impl Fn(&str) -> bool) -> bool {
    headers.all(name).any(|mut rest| {
        rest = rest.trim_matches([' ', '\t']);
        if rest == "*" {
            return true;
        }
        while let Some((tag, behind)) = first_tag(rest) {
            if fits(tag) {
                return true;
            }
            rest = behind;
        }
        false
    })
}

/// Splits the first tag off a list; commas inside quotes belong to the tag.
fn first_tag(list: &str) -> Option<(&str, &str)> {
    let list = list.trim_start_matches([' ', '\t', ',']);
    let open = list.find('"')?;
    if !matches!(list.get(..open), Some("" | "W/")) {
        return None;
    }
    let close = open + 1 + list.get(open + 1..)?.find('"')?;
    Some((list.get(..=close)?, list.get(close + 1..)?))
}

/// Reads a date; one that is malformed, or given twice, counts as absent.
fn date(headers: &Headers, name: &str) -> Option<u64> {
    let mut fields = headers.all(name);
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return None;
    };
    let time: SystemTime = httpdate::parse_http_date(field).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::target::Target;

    const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn validators() -> Validators {
        Validators {
            tag: "\"a,b\"".to_owned(),
            modified: Some(784_111_777),
        }
    }

    fn request(method: Method, fields: &[(&str, &str)]) -> Request {
        let request = Request::new(method, Target::parse("/").unwrap());
        let add = |request: Request, (name, value): &(&str, &str)| {
            request.with_header(name, value).unwrap()
        };
        fields.iter().fold(request, add)
    }

    #[test]
    fn conditions_are_looked_at_in_the_order_of_the_rfc() {
        let rows: [(&[(&str, &str)], Held); 20] = [
            (&[], Held::Yes),
            (&[("If-Match", "*")], Held::Yes),
            (&[("If-Match", "\"x\", \"a,b\"")], Held::Yes),
            (&[("If-Match", "W/\"a,b\"")], Held::No),
            (&[("If-Match", "\"x\"")], Held::No),
            (&[("If-Match", "nonsense")], Held::No),
            (&[("If-Unmodified-Since", NOW)], Held::Yes),
            (&[("If-Unmodified-Since", BEFORE)], Held::No),
            (&[("If-Unmodified-Since", "yesterday")], Held::Yes),
            (
                &[("If-Match", "*"), ("If-Unmodified-Since", BEFORE)],
                Held::Yes,
            ),
            (&[("If-None-Match", "\"a,b\"")], Held::Known),
            (&[("If-None-Match", "W/\"a,b\"")], Held::Known),
            (&[("If-None-Match", "\"x\",W/\"y\" , \"a,b\"")], Held::Known),
            (&[("If-None-Match", "*")], Held::Known),
            (&[("If-None-Match", "\"x\"")], Held::Yes),
            (
                &[("If-None-Match", "\"x\""), ("If-Modified-Since", AFTER)],
                Held::Yes,
            ),
            (&[("If-Modified-Since", NOW)], Held::Known),
            (&[("If-Modified-Since", AFTER)], Held::Known),
            (&[("If-Modified-Since", BEFORE)], Held::Yes),
            (&[("If-Match", "\"x\""), ("If-None-Match", "*")], Held::No),
        ];
        for (fields, held) in rows {
            let request = request(Method::Get, fields);
            assert_eq!(check(&request, &validators()), held, "{fields:?}");
        }
    }

    #[test]
    fn who_would_change_something_is_told_that_it_exists() {
        let request = request(Method::Put, &[("If-None-Match", "*")]);
        assert_eq!(check(&request, &validators()), Held::No);
    }

    #[test]
    fn who_fetches_nothing_is_told_nothing_of_the_time() {
        for method in [Method::Put, Method::Post, Method::Delete] {
            let request = request(method, &[("If-Modified-Since", NOW)]);
            assert_eq!(check(&request, &validators()), Held::Yes);
        }
        let conditions = [("If-Match", "\"x\""), ("If-None-Match", "*")];
        for condition in conditions {
            let request = request(Method::Options, &[condition]);
            assert_eq!(check(&request, &validators()), Held::Yes);
        }
    }

    #[test]
    fn a_range_is_taken_of_the_very_state_that_is_named() {
        let rows = [
            ("\"a,b\"", true),
            ("W/\"a,b\"", false),
            ("\"x\"", false),
            (NOW, true),
            (AFTER, false),
            ("nonsense", false),
        ];
        for (value, may) in rows {
            let request = request(Method::Get, &[("If-Range", value)]);
            assert_eq!(
                may_take_range(request.headers(), &validators()),
                may,
                "{value}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_field_breaks_the_reading(value in "[ ,\"W/*a-z\u{e9}]{0,24}") {
            for name in ["If-Match", "If-None-Match", "If-Range", "If-Modified-Since"] {
                let request = request(Method::Get, &[(name, &value)]);
                check(&request, &validators());
                may_take_range(request.headers(), &validators());
            }
        }
    }
}
