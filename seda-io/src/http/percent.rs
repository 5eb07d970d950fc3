//! Decoding of `%xx` in paths.

/// Appends `text` with its `%xx` decoded; false when a `%` has no two hexadecimal digits behind it.
pub(super) fn decode(text: &str, into: &mut Vec<u8>) -> bool {
    let mut pieces = text.split('%');
    into.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    pieces.all(|piece| match byte(piece) {
        Some((byte, rest)) => {
            into.push(byte);
            into.extend_from_slice(rest.as_bytes());
            true
        }
        None => false,
    })
}

/// Splits a byte in two hexadecimal digits off.
fn byte(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = u8::from_str_radix(digits, 16)
        .ok()
        .filter(|_| hexadecimal)?;
    Some((byte, rest))
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn decoded(text: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        decode(text, &mut bytes).then_some(bytes)
    }

    #[test]
    fn two_digits_are_a_byte() {
        assert_eq!(decoded("a%20b%2F%fF").unwrap(), b"a b/\xff");
        assert_eq!(decoded("").unwrap(), b"");
        for malformed in ["%", "%4", "a%zz", "%+1", "%4\u{e9}"] {
            assert_eq!(decoded(malformed), None, "{malformed}");
        }
    }
}
