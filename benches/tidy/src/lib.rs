//! The house rules that rustfmt and clippy cannot check, one implementation for all crates.
//!
//! Every crate has a `tests/tidy.rs` that calls [`assert_tidy`] on its own directory:
//! sizes, names, `unsafe`, and the direction of its imports against the layer list of its `ARCHITECTURE.md`.
//! What concerns the whole repository is checked once, by this crate's own tests:
//! words that belong to one machine ([`words`]), what documents quote ([`quotes`]), and what the dependencies are ([`dependencies`], [`licence`]).
#![forbid(unsafe_code)]

pub mod dependencies;
pub mod finding;
pub mod functions;
pub mod imports;
pub mod layers;
pub mod layout;
pub mod licence;
pub mod package;
pub mod paths;
pub mod quotes;
pub mod tokens;
pub mod words;

use std::path::Path;

use finding::Finding;
use package::Package;

/// A rule: looks at a package and reports what is against it.
pub type Check = fn(&Package) -> Vec<Finding>;

/// All rules that concern one package.
pub const CHECKS: [Check; 4] = [
    layout::check,
    functions::check,
    tokens::check,
    imports::check,
];

/// Holds the package in `dir` against all [`CHECKS`].
///
/// # Panics
///
/// With the list of findings when there are any, and when the package cannot be read.
pub fn assert_tidy(dir: &str) {
    let package = Package::read(Path::new(dir)).unwrap_or_else(|error| panic!("{dir}: {error}"));
    let findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&package)).collect();
    finding::assert_none(&findings);
}
