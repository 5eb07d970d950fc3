//! The constants of the static cap.

use std::time::Duration;

/// How often it is asked once it has decided; it has nothing more to say.
pub(super) const PERIOD: Duration = Duration::from_hours(1);
