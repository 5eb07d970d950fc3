//! The constants of adaptive LIFO: those of the controlled delay beside it.
//!
//! Source: Maurer, "Fail at Scale" (ACM Queue 13(8), 2015).

pub(super) use crate::control::codel::settings::{INTERVAL, PERIOD, TARGET};
