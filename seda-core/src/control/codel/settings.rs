//! The constants of controlled delay as overload control.
//!
//! Source: Maurer, "Fail at Scale" (ACM Queue 13(8), 2015), but for the period.

use std::time::Duration;

/// How long events may wait while the queue stands.
pub(in crate::control) const TARGET: Duration = Duration::from_millis(5);
/// A queue that was not empty for this long stands; else events may wait as long.
pub(in crate::control) const INTERVAL: Duration = Duration::from_millis(100);
/// How often it looks: the original does at every arrival. With one look in
/// the shorter bound, a bound comes at most that much too late.
pub(in crate::control) const PERIOD: Duration = Duration::from_millis(5);
