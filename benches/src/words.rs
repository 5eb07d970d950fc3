//! Words of a command line, and what is said about those that are wrong.

use lexopt::{Parser, ValueExt};

use crate::goal::Output;

/// How figures are printed.
pub(crate) const OUTPUTS: [(&str, Output); 2] = [("table", Output::Table), ("json", Output::Json)];

/// Takes a number.
pub(crate) fn number<N: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    parser: &mut Parser,
) -> Result<N, String> {
    let value = parser.value().map_err(explain)?;
    value.parse().map_err(explain)
}

/// Takes one of the words that are known.
pub(crate) fn one<T: Copy>(parser: &mut Parser, known: &[(&'static str, T)]) -> Result<T, String> {
    let word = text(parser)?;
    let found = known.iter().find(|(name, _)| *name == word);
    let names = || known.iter().map(|(name, _)| *name);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| unknown(&word, names()))
}

/// Takes some of the words that are known, with commas between them.
pub(crate) fn chosen<T: Copy>(
    parser: &mut Parser,
    known: &[T],
    name: impl Fn(&T) -> &'static str,
) -> Result<Vec<T>, String> {
    let words = text(parser)?;
    let find = |word: &str| {
        let found = known.iter().find(|one| name(one) == word);
        found
            .copied()
            .ok_or_else(|| unknown(word, known.iter().map(&name)))
    };
    words.split(',').map(find).collect()
}

fn text(parser: &mut Parser) -> Result<String, String> {
    let value = parser.value().map_err(explain)?;
    value.string().map_err(explain)
}

fn unknown(word: &str, names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<&str> = names.collect();
    format!("unknown word `{word}`; there are {}", names.join(", "))
}

/// Says what is wrong.
#[allow(
    clippy::needless_pass_by_value,
    reason = "for map_err, which gives it away"
)]
pub(crate) fn explain(error: lexopt::Error) -> String {
    error.to_string()
}

/// Takes some numbers, with commas between them.
pub(crate) fn some<N: std::str::FromStr<Err: std::fmt::Display>>(
    parser: &mut Parser,
) -> Result<Vec<N>, String> {
    let words = text(parser)?;
    let number = |word: &str| {
        let number = word.parse();
        number.map_err(|error| format!("`{word}`: {error}"))
    };
    words.split(',').map(number).collect()
}
