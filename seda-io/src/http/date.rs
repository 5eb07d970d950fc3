//! The `Date` of an answer, written once a second.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

/// Seconds since 1970: the last of the year 9999, which the format can express.
const UNIX_SECONDS_MAX: u64 = 253_402_300_799;

/// A point in time as HTTP writes it.
///
/// # Examples
///
/// ```
/// use seda_io::http::HttpDate;
///
/// assert_eq!(HttpDate::from_unix(784_111_777).as_str(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
///
/// # Sources
///
/// RFC 9110 §5.6.7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpDate {
    /// The head of an answer that is well, up to this field: most begin so.
    head: String,
}

/// What stands in front of the date in that head.
const OK: &str = "HTTP/1.1 200 OK\r\nDate: ";

impl HttpDate {
    /// Writes a number of seconds since 1970; years after 9999 are written as 9999.
    pub fn from_unix(seconds: u64) -> Self {
        let since = Duration::from_secs(seconds.min(UNIX_SECONDS_MAX));
        let date = httpdate::fmt_http_date(UNIX_EPOCH + since);
        Self {
            head: format!("{OK}{date}\r\n"),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        let date = self.head.get(OK.len()..).unwrap_or_default();
        date.trim_ascii_end()
    }

    /// Returns the beginning of an answer that is well, dated.
    pub(super) fn ok(&self) -> &str {
        &self.head
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Keeps the date of the current second, so that it is formatted once.
#[derive(Debug)]
pub struct DateCache {
    second: u64,
    date: HttpDate,
}

impl DateCache {
    /// Makes a cache that holds the date of `second`, in seconds since 1970.
    pub fn new(second: u64) -> Self {
        Self {
            second,
            date: HttpDate::from_unix(second),
        }
    }

    /// Returns the date of `second`, in seconds since 1970.
    pub fn at(&mut self, second: u64) -> &HttpDate {
        if second != self.second {
            *self = Self::new(second);
        }
        &self.date
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_second_has_a_new_date() {
        let mut cache = DateCache::new(0);
        assert_eq!(cache.at(0).as_str(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(cache.at(1).as_str(), "Thu, 01 Jan 1970 00:00:01 GMT");
        assert_eq!(cache.at(0).as_str(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn a_clock_gone_mad_is_written_as_the_last_second_that_can_be() {
        let date = HttpDate::from_unix(u64::MAX);
        assert_eq!(date.as_str(), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
