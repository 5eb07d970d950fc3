//! What the program says beside its answers, on standard error.
//!
//! Unlike `eprintln!` it does not panic when that cannot be written, as on a
//! full disk: a server goes on and ends in order, though nobody reads of it.

use std::fmt::Display;
use std::io::{self, Write};

/// Says one thing, with the name of the program in front.
pub fn line(what: impl Display) {
    plain(format_args!("seda: {what}\n"));
}

/// Says something as it is.
pub fn plain(what: impl Display) {
    // At once, since lines of other threads must not come between.
    let text = what.to_string();
    // There is no other place to complain.
    let _ = io::stderr().write_all(text.as_bytes());
}
