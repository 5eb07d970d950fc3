//! What requests may say about themselves: how long they are waited for, and how urgent they are.

use std::time::Duration;

use seda_core::{Class, Meta, Tick};

use super::headers::Headers;
use super::tally::Tally;

/// Urgencies of RFC 9218 §4.1, 0 (now) to 7 (in the background).
const URGENCIES: usize = 8;
/// The urgency of a request that says nothing (RFC 9218 §4.1).
const URGENCY: usize = 3;

/// Says which wishes of a request a server heeds; by default none.
///
/// They become the deadline and the class in the [`Meta`] of the request's
/// event, and hold in every queue on its way. A wish is never trusted beyond
/// the bounds given here; one that cannot be understood is counted, and the
/// request goes its way as if it had said nothing.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use seda_core::Class;
/// use seda_io::http::{HttpServer, Limits, TimeoutUnit, Wishes};
///
/// let (urgent, usual) = (Class::HIGH, Class::NORMAL);
/// let wishes = Wishes::none()
///     .timeout("Request-Timeout", TimeoutUnit::Seconds, Duration::from_secs(30))
///     .priority("Priority", [urgent, urgent, urgent, usual, usual, usual, usual, usual]);
/// let server = HttpServer::bind("127.0.0.1:0", Limits::default())?.with_wishes(wishes);
/// # let _ = server;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Sources
///
/// `Priority`: RFC 9218 §4 and §5. `Request-Timeout`: no standard has come of
/// it; draft-thomson-hybi-http-timeout-00 §2 (2011) gives it whole seconds,
/// Envoy's `x-envoy-expected-rq-timeout-ms` is the same in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    timeout: Option<TimeoutWish>,
    priority: Option<PriorityWish>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TimeoutWish {
    header: Box<str>,
    unit: TimeoutUnit,
    max: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PriorityWish {
    header: Box<str>,
    classes: [Class; URGENCIES],
}

/// Says what the number of a timeout counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutUnit {
    /// Seconds, as in `Request-Timeout`.
    Seconds,
    /// Milliseconds, as in `x-envoy-expected-rq-timeout-ms`.
    Milliseconds,
}

impl TimeoutUnit {
    const fn of(self, number: u64) -> Duration {
        match self {
            Self::Seconds => Duration::from_secs(number),
            Self::Milliseconds => Duration::from_millis(number),
        }
    }
}

impl Wishes {
    /// Heeds nothing.
    pub const fn none() -> Self {
        Self {
            timeout: None,
            priority: None,
        }
    }

    /// Heeds a header that says how long the client waits for its answer: a
    /// whole number of `unit`. It becomes the deadline of the event; more than
    /// `max` is taken as `max`, and
    /// [`Timeouts::request`](super::Timeouts::request) holds besides.
    #[must_use]
    pub fn timeout(mut self, header: &str, unit: TimeoutUnit, max: Duration) -> Self {
        self.timeout = Some(TimeoutWish {
            header: header.into(),
            unit,
            max,
        });
        self
    }

    /// Heeds a header that says how urgent a request is, as `Priority` does in
    /// its `u` of 0 to 7. The event gets the class that stands at that place;
    /// who says nothing, or nonsense, gets the one of 3.
    #[must_use]
    pub fn priority(mut self, header: &str, classes: [Class; URGENCIES]) -> Self {
        self.priority = Some(PriorityWish {
            header: header.into(),
            classes,
        });
        self
    }

    /// Gives the meta for a request that came at `now` and is waited for by the
    /// server itself until `deadline`, and counts what cannot be understood.
    pub(super) fn meta(&self, headers: &Headers, now: Tick, deadline: Tick, tally: &Tally) -> Meta {
        let mut meta = Meta::NONE.with_deadline(deadline);
        if let Some(wish) = &self.timeout {
            match wish.of(headers) {
                Ok(None) => {}
                Ok(Some(timeout)) => meta = meta.with_deadline(deadline.min(now.after(timeout))),
                Err(Nonsense) => tally.bad_timeouts.add(1),
            }
        }
        if let Some(wish) = &self.priority {
            let urgency = wish.of(headers).unwrap_or_else(|Nonsense| {
                tally.bad_priorities.add(1);
                URGENCY
            });
            let class = wish.classes.get(urgency).copied();
            meta = meta.with_class(class.unwrap_or_default());
        }
        meta
    }
}

/// Says that a wish cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Nonsense;

impl TimeoutWish {
    fn of(&self, headers: &Headers) -> Result<Option<Duration>, Nonsense> {
        let mut values = headers.all(&self.header);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let only = values.next().is_none();
        if !only || value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Nonsense);
        }
        // What does not fit is more than any bound.
        let number = value.parse().unwrap_or(u64::MAX);
        Ok(Some(self.unit.of(number).min(self.max)))
    }
}

impl PriorityWish {
    fn of(&self, headers: &Headers) -> Result<usize, Nonsense> {
        let mut urgency = Ok(URGENCY);
        for value in headers.all(&self.header) {
            for member in members(value) {
                // Of several the last counts (RFC 8941 §4.2.2).
                match member.strip_prefix('u') {
                    Some("") => urgency = Err(Nonsense),
                    Some(rest) if rest.starts_with(['=', ';']) => urgency = number(rest),
                    _ => {}
                }
            }
        }
        urgency
    }
}

/// Reads `=N`, behind which parameters may stand, as an urgency.
fn number(rest: &str) -> Result<usize, Nonsense> {
    let item = rest.split(';').next().unwrap_or_default();
    let digits = item.strip_prefix('=').unwrap_or_default();
    let urgency = match digits.trim_end_matches(' ').as_bytes() {
        [digit @ b'0'..=b'7'] => usize::from(digit - b'0'),
        _ => return Err(Nonsense),
    };
    Ok(urgency)
}

/// Parts a dictionary (RFC 8941 §3.2) at its commas, those in strings left alone.
fn members(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let comma = move |character: char| {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            ',' => return !quoted,
            _ => {}
        }
        false
    };
    value
        .split(comma)
        .map(|member| member.trim_matches([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::{Class, Duration, Headers, Meta, Tally, Tick, TimeoutUnit, Wishes};

    const NOW: Tick = Tick::from_nanos(1_000);

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.push(name, value).unwrap();
        }
        headers
    }

    /// Gives the timeout that is heeded, and how often it was not understood.
    fn timeout(unit: TimeoutUnit, values: &[&str]) -> (Option<Duration>, u64) {
        let wishes = Wishes::none().timeout("Wait", unit, Duration::from_secs(30));
        let fields: Vec<_> = values.iter().map(|value| ("wait", *value)).collect();
        let tally = Tally::default();
        let meta = wishes.meta(&headers(&fields), NOW, Tick::NEVER, &tally);
        let deadline = meta.deadline();
        let given = (deadline != Tick::NEVER).then(|| deadline.since(NOW));
        (given, tally.bad_timeouts.get())
    }

    #[test]
    fn a_timeout_is_a_whole_number_of_its_unit_up_to_a_bound() {
        let seconds = |value| timeout(TimeoutUnit::Seconds, &[value]);
        assert_eq!(seconds("2"), (Some(Duration::from_secs(2)), 0));
        assert_eq!(seconds("0"), (Some(Duration::ZERO), 0));
        assert_eq!(seconds("007"), (Some(Duration::from_secs(7)), 0));
        assert_eq!(seconds("31"), (Some(Duration::from_secs(30)), 0));
        let endless = "9".repeat(100);
        assert_eq!(seconds(&endless), (Some(Duration::from_secs(30)), 0));
        let millis = timeout(TimeoutUnit::Milliseconds, &["1500"]);
        assert_eq!(millis, (Some(Duration::from_millis(1_500)), 0));
    }

    #[test]
    fn a_timeout_that_cannot_be_understood_is_counted_and_not_heeded() {
        for value in ["", "-1", "+1", "1.5", "1s", "1,2", "0x1", "one", "1 2", "¹"] {
            assert_eq!(
                timeout(TimeoutUnit::Seconds, &[value]),
                (None, 1),
                "{value}"
            );
        }
        assert_eq!(timeout(TimeoutUnit::Seconds, &["1", "1"]), (None, 1));
        assert_eq!(timeout(TimeoutUnit::Seconds, &[]), (None, 0));
    }

    #[test]
    fn the_earlier_of_two_deadlines_holds() {
        let wishes = Wishes::none().timeout("Wait", TimeoutUnit::Seconds, Duration::MAX);
        let asked = headers(&[("Wait", "2")]);
        let deadline = |own: u64| {
            let own = NOW.after(Duration::from_secs(own));
            let meta = wishes.meta(&asked, NOW, own, &Tally::default());
            meta.deadline().since(NOW).as_secs()
        };
        assert_eq!((deadline(1), deadline(3)), (1, 2));
    }

    /// Gives the class of the event, and how often the wish was not understood.
    fn class(values: &[&str]) -> (u8, u64) {
        let classes = [10, 11, 12, 13, 14, 15, 16, 17].map(Class);
        let wishes = Wishes::none().priority("Priority", classes);
        let fields: Vec<_> = values.iter().map(|value| ("priority", *value)).collect();
        let tally = Tally::default();
        let meta = wishes.meta(&headers(&fields), NOW, Tick::NEVER, &tally);
        (meta.class().0, tally.bad_priorities.get())
    }

    #[test]
    fn an_urgency_has_its_class() {
        for (value, urgency) in [
            ("u=0", 0),
            ("u=7", 7),
            ("i, u=5", 5),
            ("u=1;x=9,i=?0", 1),
            ("u=1 ; x, i", 1),
            ("u=4,u=2", 2),
            ("u=9,u=2", 2),
            ("i", 3),
            ("", 3),
            ("uu=1", 3),
            ("x=\"a,u=1\"", 3),
            ("x=\"\\\",u=1\", u=6", 6),
        ] {
            assert_eq!(class(&[value]), (10 + urgency, 0), "{value}");
        }
        assert_eq!(class(&["u=1", "u=2"]), (12, 0));
        assert_eq!(class(&[]), (13, 0));
    }

    #[test]
    fn an_urgency_that_is_none_is_counted_and_is_that_of_who_says_nothing() {
        for value in [
            "u=8", "u=-1", "u=", "u", "u;x", "u=1.5", "u=\"1\"", "u=10", "u= 1",
        ] {
            assert_eq!(class(&[value]), (13, 1), "{value}");
        }
    }

    #[test]
    fn nothing_is_heeded_that_was_not_asked_for() {
        let said = headers(&[("Priority", "u=0"), ("Request-Timeout", "1")]);
        let meta = Wishes::none().meta(&said, NOW, Tick::NEVER, &Tally::default());
        assert_eq!(meta, Meta::NONE);
    }
}
