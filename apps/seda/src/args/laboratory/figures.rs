//! Numbers and times as people write them behind an option.

use std::str::FromStr;

use lexopt::Parser;
use seda_lab::scenario::Moment;

use crate::args::usage::{UsageError, text};

pub(super) fn whole<T: FromStr + PartialOrd + From<u8>>(
    option: &str,
    parser: &mut Parser,
    least: u8,
) -> Result<T, UsageError> {
    let word = text(parser.value()?)?;
    let read = word.parse().ok().filter(|number| *number >= T::from(least));
    read.ok_or_else(|| {
        UsageError::new(
            format!("`{option}` cannot be `{word}`"),
            format!("write a whole number, at least {least}"),
        )
    })
}

pub(super) fn positive(option: &str, parser: &mut Parser) -> Result<f64, UsageError> {
    real(option, parser, |number| number > 0.0, "a number above 0")
}

pub(super) fn not_negative(option: &str, parser: &mut Parser) -> Result<f64, UsageError> {
    real(
        option,
        parser,
        |number| number >= 0.0,
        "a number, at least 0",
    )
}

/// More than this many of anything would take longer than a day, or is a mistake.
const NUMBER_MAX: f64 = 1e9;

fn real(
    option: &str,
    parser: &mut Parser,
    fits: fn(f64) -> bool,
    wanted: &str,
) -> Result<f64, UsageError> {
    let word = text(parser.value()?)?;
    let read = word.parse().ok();
    read.filter(|number| fits(*number) && *number <= NUMBER_MAX)
        .ok_or_else(|| {
            UsageError::new(
                format!("`{option}` cannot be `{word}`"),
                format!("write {wanted}"),
            )
        })
}

/// Reads numbers with commas between them.
pub(super) fn parts(option: &str, parser: &mut Parser) -> Result<Vec<f64>, UsageError> {
    let words = text(parser.value()?)?;
    let read = words.split(',').map(|word| word.trim().parse::<f64>());
    let read: Result<Vec<f64>, _> = read.collect();
    read.map_err(|_| {
        UsageError::new(
            format!("`{option}` cannot be `{words}`"),
            "write parts of 1 with commas between them, such as `--classes 0.1,0.3`",
        )
    })
}

pub(super) fn time(option: &str, parser: &mut Parser) -> Result<Moment, UsageError> {
    let word = text(parser.value()?)?;
    word.parse().map_err(|why| {
        UsageError::new(
            format!("`{option}` cannot be read: {why}"),
            "such as `--slo 25ms`",
        )
    })
}
