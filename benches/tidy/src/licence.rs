//! Licence expressions: whether a list of allowed licences satisfies one.
//!
//! # Sources
//!
//! SPDX specification 2.3, annex D; `A/B` is Cargo's old way to write `A OR B`.

use std::iter::Peekable;
use std::str::SplitWhitespace;

type Words<'t> = Peekable<SplitWhitespace<'t>>;

/// Whether everything `expression` asks for can be chosen from `allowed`.
///
/// What cannot be read is refused: a person has to look at it.
///
/// ```
/// use tidy::licence::allows;
///
/// assert!(allows(&["MIT"], "MIT OR Apache-2.0"));
/// assert!(!allows(&["MIT"], "MIT AND Unicode-3.0"));
/// ```
pub fn allows(allowed: &[&str], expression: &str) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut tokens = spaced.split_whitespace().peekable();
    let verdict = any_of(&mut tokens, allowed);
    verdict.unwrap_or_default() && tokens.next().is_none()
}

fn any_of(tokens: &mut Words<'_>, allowed: &[&str]) -> Option<bool> {
    let mut verdict = all_of(tokens, allowed)?;
    while tokens.next_if_eq(&"OR").is_some() {
        verdict |= all_of(tokens, allowed)?;
    }
    Some(verdict)
}

fn all_of(tokens: &mut Words<'_>, allowed: &[&str]) -> Option<bool> {
    let mut verdict = one(tokens, allowed)?;
    while tokens.next_if_eq(&"AND").is_some() {
        verdict &= one(tokens, allowed)?;
    }
    Some(verdict)
}

fn one(tokens: &mut Words<'_>, allowed: &[&str]) -> Option<bool> {
    let first = tokens.next()?;
    if first == "(" {
        let verdict = any_of(tokens, allowed)?;
        return tokens.next_if_eq(&")").map(|_| verdict);
    }
    if ["OR", "AND", "WITH", ")"].contains(&first) {
        return None;
    }
    let mut licence = first.to_owned();
    if tokens.next_if_eq(&"WITH").is_some() {
        licence = format!("{first} WITH {}", tokens.next()?);
    }
    Some(allowed.contains(&licence.as_str()))
}

#[cfg(test)]
mod tests {
    use super::allows;

    const ALLOWED: [&str; 3] = ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"];

    #[test]
    fn a_choice_needs_one_and_a_sum_needs_all() {
        for fine in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/GPL-3.0",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
            "GPL-3.0 AND X OR MIT",
        ] {
            assert!(allows(&ALLOWED, fine), "{fine}");
        }
        for bad in [
            "GPL-3.0",
            "Apache-2.0",
            "MIT AND GPL-3.0",
            "(MIT OR X) AND GPL-3.0",
            "MIT WITH Classpath-exception",
        ] {
            assert!(!allows(&ALLOWED, bad), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for bad in ["", "MIT OR", "(MIT", "MIT)", "MIT MIT", "OR", "MIT WITH"] {
            assert!(!allows(&ALLOWED, bad), "{bad}");
        }
    }
}
