//! Classes of requests: which part of all each is, and how a server is told.

use fastrand::Rng;
use seda_io::http::Request;

use crate::scenario::parts;

/// The urgency of the last of several classes: 7 is in the background (RFC 9218 §4.1).
const LAST: usize = 7;
/// The urgency of a request that says nothing (RFC 9218 §4.1).
const USUAL: usize = 3;

/// Is the classes of requests, and how a server is told of them.
///
/// Each request has a class, drawn from the course's seed and apart from the
/// schedule, which is so the same with classes and without.
///
/// # Examples
///
/// A third of the requests is urgent, and every request has a tenant:
///
/// ```
/// use seda_lab::generator::Mix;
///
/// let urgent = Mix { parts: vec![0.3], ..Mix::default() };
/// assert_eq!((&*urgent.header, &*urgent.value), ("Priority", "u={urgency}"));
/// let tenants = Mix {
///     parts: vec![0.9, 0.05, 0.05],
///     header: "X-Tenant".to_owned(),
///     value: "tenant-{class}".to_owned(),
/// };
/// # let _ = tenants;
/// ```
///
/// # Sources
///
/// `Priority`: RFC 9218 §4 and §5.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// The parts of all requests, the most urgent class first; what is missing to 1
    /// is one class more. Without any there are no classes, and nothing is said.
    pub parts: Vec<f64>,
    /// The name of the header field.
    pub header: String,
    /// Its value: `{class}` becomes the number of the class, from 0, and `{urgency}`
    /// one of 0 to 7, over which the classes are spread evenly. So two classes are
    /// 0 and 7, and three 0, 3 and 7.
    pub value: String,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            header: "Priority".to_owned(),
            value: "u={urgency}".to_owned(),
        }
    }
}

impl Mix {
    /// Says by which header a server is told: `NAME`, or `NAME: VALUE` for another
    /// [value](Self::value) than an urgency.
    ///
    /// ```
    /// use seda_lab::generator::Mix;
    ///
    /// let mix = Mix::default().told_by("X-Tenant: tenant-{class}");
    /// assert_eq!((&*mix.header, &*mix.value), ("X-Tenant", "tenant-{class}"));
    /// assert_eq!(Mix::default().told_by("Urgency").value, "u={urgency}");
    /// ```
    #[must_use]
    pub fn told_by(mut self, header: &str) -> Self {
        let (name, value) = match header.split_once(':') {
            Some((name, value)) => (name, Some(value.trim().to_owned())),
            None => (header, None),
        };
        name.trim().clone_into(&mut self.header);
        Self {
            value: value.unwrap_or(self.value),
            ..self
        }
    }

    /// Counts the classes; 0 where there are none.
    pub(super) fn count(&self) -> usize {
        if self.parts.is_empty() {
            0
        } else {
            parts::count(&self.parts)
        }
    }

    /// Makes of a request that of each class; without classes it is the only one.
    ///
    /// # Errors
    ///
    /// When the parts are none of one whole, or the field cannot be sent.
    pub(super) fn requests(&self, request: &Request) -> Result<Vec<Request>, String> {
        let count = self.count();
        if count == 0 {
            return Ok(vec![request.clone()]);
        }
        if let Some(fault) = parts::faults(&self.parts).next() {
            return Err(format!("these cannot be classes: {fault}"));
        }
        let of_class = |class| {
            let (name, value) = (&self.header, self.value_of(class, count));
            let request = request.clone().with_header(name, &value);
            request.map_err(|error| {
                format!(
                    "the header `{name}: {value}` cannot say a class: {error}; \
                     name another one, such as `Priority` or `X-Class: {{class}}`"
                )
            })
        };
        (0..count).map(of_class).collect()
    }

    fn value_of(&self, class: usize, of: usize) -> String {
        let urgency = if of < 2 {
            USUAL
        } else {
            class * LAST / (of - 1)
        };
        let value = self.value.replace("{class}", &class.to_string());
        value.replace("{urgency}", &urgency.to_string())
    }
}

/// Draws the class of each request.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    parts: Vec<f64>,
    random: Rng,
}

impl Draw {
    pub(super) const fn new(parts: Vec<f64>, random: Rng) -> Self {
        Self { parts, random }
    }

    /// Draws one; 0 where there are no classes.
    pub(super) fn class(&mut self) -> u8 {
        if self.parts.is_empty() {
            return 0;
        }
        let drawn = self.random.f64();
        let mut below = 0.0;
        let passed = self.parts.iter().take_while(|part| {
            below += **part;
            below <= drawn
        });
        let class = passed.count();
        // What the decimals of a whole lack belongs to its last part.
        let last = parts::count(&self.parts) - 1;
        u8::try_from(class.min(last)).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use seda_io::http::{Method, Target};

    use super::*;

    fn fields(mix: &Mix) -> Result<Vec<String>, String> {
        let target = Target::parse("http://127.0.0.1/").unwrap();
        let request = Request::new(Method::Get, target);
        let requests = mix.requests(&request)?;
        let field = |request: &Request| request.headers().get(&mix.header).map(str::to_owned);
        Ok(requests.iter().filter_map(field).collect())
    }

    fn mix(parts: &[f64]) -> Mix {
        Mix {
            parts: parts.to_vec(),
            ..Mix::default()
        }
    }

    #[test]
    fn urgencies_are_spread_over_the_eight_that_there_are() {
        assert_eq!(fields(&mix(&[])).unwrap(), [""; 0]);
        assert_eq!(fields(&mix(&[1.0])).unwrap(), ["u=3"]);
        assert_eq!(fields(&mix(&[0.2])).unwrap(), ["u=0", "u=7"]);
        let three = fields(&mix(&[0.2, 0.3])).unwrap();
        assert_eq!(three, ["u=0", "u=3", "u=7"]);
        let eight = fields(&mix(&[0.1; 7])).unwrap();
        let all = ["u=0", "u=1", "u=2", "u=3", "u=4", "u=5", "u=6", "u=7"];
        assert_eq!(eight, all);
    }

    #[test]
    fn a_header_of_ones_own_has_the_number_and_what_cannot_be_is_said() {
        let tenants = |header: &str| Mix {
            header: header.to_owned(),
            value: "t{class}".to_owned(),
            ..mix(&[0.5, 0.5])
        };
        assert_eq!(fields(&tenants("X-Tenant")).unwrap(), ["t0", "t1"]);
        let error = fields(&tenants("Content-Length")).unwrap_err();
        assert!(error.contains("cannot say a class"), "{error}");
        let error = fields(&mix(&[0.7, 0.7])).unwrap_err();
        assert!(error.contains("sum to at most 1"), "{error}");
    }

    #[test]
    fn each_class_has_its_part() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut draw = Draw::new(vec![0.1, 0.6], Rng::with_seed(seed));
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[usize::from(draw.class())] += 1;
        }
        // Six standard deviations of 10,000 are 180, 294 and 275.
        for (count, part) in counts.into_iter().zip([1_000, 6_000, 3_000]) {
            assert!(count.abs_diff(part) < 300, "{counts:?}");
        }
        let mut whole = Draw::new(vec![0.0, 1.0], Rng::with_seed(seed));
        assert!((0..1_000).all(|_| whole.class() == 1));
    }
}
