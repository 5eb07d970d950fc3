//! How a value of the configuration is written, and what it means.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use seda_io::http::{Headers, TimeoutUnit};
use seda_io::net::Rate;
use toml::de::DeValue;

/// A type that a configuration can state.
pub trait Setting: Sized {
    /// How to write one; completes "write …".
    const HOW: &'static str;

    /// Reads one; nothing when the value has another type or makes no sense.
    fn read(value: &DeValue<'_>) -> Option<Self>;
}

/// A number of bytes, written as `"16KiB"`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bytes(pub usize);

/// How many jobs run at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Slots {
    /// One for each processor core.
    Cores,
    /// So many.
    Exactly(NonZeroUsize),
}

/// The least serious level that is logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogLevel {
    /// What was lost or refused for good.
    Error,
    /// What an operator should look at.
    Warn,
    /// What an operator may want to know.
    Info,
    /// What helps to find a fault.
    Debug,
    /// Every event.
    Trace,
}

/// The name of a header field, as it may stand in a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeaderName(pub String);

impl Setting for String {
    const HOW: &'static str = "a text in quotes that is not empty";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_str()?;
        (!text.trim().is_empty()).then(|| text.to_owned())
    }
}

impl Setting for PathBuf {
    const HOW: &'static str = "a path in quotes";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        String::read(value).map(Self::from)
    }
}

impl Setting for SocketAddr {
    const HOW: &'static str = "an address and a port, such as \"127.0.0.1:8080\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_str()?.parse().ok()
    }
}

impl Setting for NonZeroUsize {
    const HOW: &'static str = "a whole number from 1";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let digits = value.as_integer()?;
        let number = usize::from_str_radix(digits.as_str(), digits.radix()).ok()?;
        Self::new(number)
    }
}

impl Setting for NonZeroU32 {
    const HOW: &'static str = "a whole number from 1 to 4294967295";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let number = NonZeroUsize::read(value)?;
        Self::try_from(number).ok()
    }
}

impl Setting for Rate {
    const HOW: &'static str = "a rate from 1/h, such as \"100/s\", \"600/m\" or \"5000/h\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let (times, unit) = number_and_unit(value.as_str()?)?;
        let within = match unit {
            "/s" => Duration::from_secs(1),
            "/m" => Duration::from_mins(1),
            "/h" => Duration::from_hours(1),
            _ => return None,
        };
        Some(Self::new(u32::try_from(times).ok()?, within))
    }
}

impl Setting for HeaderName {
    const HOW: &'static str = "the name of a header field, such as \"Priority\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let name = value.as_str()?;
        // Whoever can be sent can be heeded.
        Headers::new().push(name, "").ok()?;
        Some(Self(name.to_owned()))
    }
}

impl Setting for TimeoutUnit {
    const HOW: &'static str = "\"s\" or \"ms\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        Some(match value.as_str()? {
            "s" => Self::Seconds,
            "ms" => Self::Milliseconds,
            _ => return None,
        })
    }
}

impl Setting for Slots {
    const HOW: &'static str = "a whole number from 1, or \"cores\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str() {
            Some("cores") => Some(Self::Cores),
            Some(_) => None,
            None => NonZeroUsize::read(value).map(Self::Exactly),
        }
    }
}

impl Setting for LogLevel {
    const HOW: &'static str = "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        Some(match value.as_str()? {
            "error" => Self::Error,
            "warn" => Self::Warn,
            "info" => Self::Info,
            "debug" => Self::Debug,
            "trace" => Self::Trace,
            _ => return None,
        })
    }
}

impl Setting for Duration {
    const HOW: &'static str = "a duration from 1ms, such as \"250ms\", \"10s\", \"5m\" or \"2h\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let (number, unit) = number_and_unit(value.as_str()?)?;
        let milliseconds = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        number.checked_mul(milliseconds).map(Self::from_millis)
    }
}

impl Setting for Bytes {
    const HOW: &'static str = "a size from 1B, such as \"512B\", \"16KiB\", \"1MiB\" or \"2GiB\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let (number, unit) = number_and_unit(value.as_str()?)?;
        let bytes = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        usize::try_from(number.checked_mul(bytes)?).ok().map(Self)
    }
}

/// `"16 KiB"` as 16 and `KiB`; zero is refused, since no limit of zero means anything here.
fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(end);
    let number = digits.parse().ok().filter(|number| *number > 0)?;
    Some((number, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toml::de::DeValue;

    use seda_io::net::Rate;

    use super::{Bytes, HeaderName, Setting, Slots};

    fn read<T: Setting>(text: &str) -> Option<T> {
        T::read(DeValue::parse(text).unwrap().get_ref())
    }

    #[test]
    fn durations_need_a_unit_and_are_never_zero() {
        assert_eq!(read("\"250ms\""), Some(Duration::from_millis(250)));
        assert_eq!(read("\"2 h\""), Some(Duration::from_hours(2)));
        for bad in [
            "10", "\"10\"", "\"s\"", "\"0s\"", "\"-1s\"", "\"1.5s\"", "\"1d\"", "\"\"",
        ] {
            assert_eq!(read::<Duration>(bad), None, "{bad}");
        }
        assert_eq!(read::<Duration>("\"18446744073709551615h\""), None);
    }

    #[test]
    fn sizes_are_powers_of_two() {
        assert_eq!(read("\"16KiB\""), Some(Bytes(16_384)));
        assert_eq!(read("\"1 B\""), Some(Bytes(1)));
        for bad in [
            "1024",
            "\"16KB\"",
            "\"16k\"",
            "\"0B\"",
            "\"99999999999999GiB\"",
        ] {
            assert_eq!(read::<Bytes>(bad), None, "{bad}");
        }
    }

    #[test]
    fn rates_say_how_often_in_which_time() {
        assert_eq!(read("\"100/s\""), Some(Rate::per_second(100)));
        let minute = Duration::from_mins(1);
        assert_eq!(read("\"5 /m\""), Some(Rate::new(5, minute)));
        for bad in [
            "100",
            "\"100\"",
            "\"0/s\"",
            "\"1/d\"",
            "\"/s\"",
            "\"4294967296/s\"",
        ] {
            assert_eq!(read::<Rate>(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_of_headers_can_stand_in_a_request() {
        let name = HeaderName("X-Priority".to_owned());
        assert_eq!(read("\"X-Priority\""), Some(name));
        for bad in ["\"\"", "\"a b\"", "\"a:\"", "\"a\\n\"", "3"] {
            assert_eq!(read::<HeaderName>(bad), None, "{bad}");
        }
    }

    #[test]
    fn slots_are_a_number_or_one_per_core() {
        assert_eq!(read("\"cores\""), Some(Slots::Cores));
        assert!(matches!(read("0x10"), Some(Slots::Exactly(n)) if n.get() == 16));
        for bad in ["0", "-1", "\"4\"", "\"core\"", "1.0", "true"] {
            assert_eq!(read::<Slots>(bad), None, "{bad}");
        }
    }
}
