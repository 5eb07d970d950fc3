//! Host and port, as they stand in a `Host` field and in a target.

use std::net::Ipv6Addr;

/// Has a bit for each character that needs no encoding in a host's name.
const PLAIN: u128 = {
    let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    bits(letters) | bits(b"0123456789") | bits(b"-._~!$&'()*+,;=")
};

const fn bits(mut characters: &[u8]) -> u128 {
    let mut bits = 0;
    while let [first, behind @ ..] = characters {
        bits |= 1 << *first;
        characters = behind;
    }
    bits
}

/// Gives the host of a host and an optional port; none when the text is neither.
///
/// The host may be empty, and so may the port behind its colon.
///
/// # Sources
///
/// RFC 3986 §3.2.2 and §3.2.3, RFC 9110 §7.2. A user before the host, which the
/// former knows, is refused by RFC 9110 §4.2.4.
pub(super) fn host_of(text: &str) -> Option<&str> {
    let name = text.bytes().take_while(|&byte| is_plain_byte(byte)).count();
    match text.split_at_checked(name)? {
        (host, "") => Some(host),
        // What most hosts are takes one look.
        (host, behind) if is_port(behind) => Some(host),
        _ => host_with_more(text),
    }
}

/// Finds a host that is an address of version 6, or a name with characters that are encoded.
fn host_with_more(text: &str) -> Option<&str> {
    let end = match text.strip_prefix('[') {
        Some(literal) => 1 + literal.find(']')? + 1,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, behind) = text.split_at_checked(end)?;
    let literal = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let valid = literal.map_or_else(|| is_encoded(host), is_address);
    (valid && (behind.is_empty() || is_port(behind))).then_some(host)
}

/// Tells whether `text` is a colon with digits behind it, or none.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':');
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Tells whether `text` is a name with characters that are encoded.
fn is_encoded(text: &str) -> bool {
    let mut pieces = text.split('%');
    let first = pieces.next().unwrap_or_default();
    is_plain(first)
        && pieces.all(|piece| match piece.split_at_checked(2) {
            Some((digits, rest)) => {
                digits.bytes().all(|digit| digit.is_ascii_hexdigit()) && is_plain(rest)
            }
            None => false,
        })
}

/// Tells whether `text` is what may stand in brackets.
fn is_address(text: &str) -> bool {
    let Some(future) = text.strip_prefix(['v', 'V']) else {
        return text.parse::<Ipv6Addr>().is_ok();
    };
    future.split_once('.').is_some_and(|(version, address)| {
        let hexadecimal = version.bytes().all(|digit| digit.is_ascii_hexdigit());
        let colons = address.replace(':', "");
        !version.is_empty() && hexadecimal && !address.is_empty() && is_plain(&colons)
    })
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(is_plain_byte)
}

fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii() && PLAIN >> byte & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn a_host_stands_before_an_optional_port() {
        let rows = [
            ("", ""),
            (":", ""),
            ("a", "a"),
            ("a:", "a"),
            ("a.example:8080", "a.example"),
            ("my_host~1", "my_host~1"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[2001:db8::127.0.0.1]:443", "[2001:db8::127.0.0.1]"),
            ("[v1.a:b]", "[v1.a:b]"),
            ("%C3%a4", "%C3%a4"),
        ];
        for (text, host) in rows {
            assert_eq!(host_of(text), Some(host), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let rows = [
            "a:b",
            "a:1:2",
            "a:+1",
            "u@a",
            "a/b",
            "a b",
            "a,b c",
            "%",
            "%4",
            "%zz",
            "%4\u{e9}",
            "\u{e9}",
            "[",
            "[]",
            "]",
            "[::1",
            "::1]",
            "[::1]x",
            "[a]",
            "[1.2.3.4]",
            "[v.a]",
            "[v1.]",
            "[v1]",
            "[vg.a]",
            "[::1%25eth0]",
            "a#",
            "a?b",
            "\"a\"",
        ];
        for text in rows {
            assert_eq!(host_of(text), None, "{text}");
        }
    }
}
