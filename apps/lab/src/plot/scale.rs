//! From figures to pixels: linear and logarithmic scales with ticks at round figures.

use crate::plot::numeral::brief;

/// The largest figure that is drawn; beyond it lies the edge.
const VALUE_MAX: f64 = 1e12;
/// The smallest positive figure of a logarithmic scale.
const VALUE_MIN: f64 = 1e-9;
/// The most ticks with a label.
const TICKS_MAX: usize = 12;

/// Says how figures lie along a scale.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Equal differences are equal lengths.
    Linear,
    /// Equal ratios are equal lengths.
    Log,
}

/// Says where a scale may end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ends {
    /// At the least and the largest figure.
    Tight,
    /// At round figures around them.
    Round,
}

/// Turns figures from `low` to `high` into pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
    pixels: (f64, f64),
}

/// Is a place on a scale; a minor one has no label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: Option<String>,
}

impl Scale {
    /// Makes a scale that covers these figures; those that it cannot show are
    /// passed over. It covers something even when there are none.
    pub(crate) fn covering(
        kind: Kind,
        ends: Ends,
        values: impl IntoIterator<Item = f64>,
        pixels: (f64, f64),
    ) -> Self {
        let shown = values.into_iter().filter(|value| shows(kind, *value));
        let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = match kind {
            Kind::Linear => apart(low.max(-VALUE_MAX), high.min(VALUE_MAX)),
            Kind::Log => apart_by_ratio(low.max(VALUE_MIN), high.min(VALUE_MAX)),
        };
        let (low, high) = match (ends, kind) {
            (Ends::Tight, _) => (low, high),
            (Ends::Round, Kind::Linear) => {
                let step = round_step(high - low);
                ((low / step).floor() * step, (high / step).ceil() * step)
            }
            (Ends::Round, Kind::Log) => (round_below(low), round_above(high)),
        };
        Self {
            kind,
            low,
            high,
            pixels,
        }
    }

    /// Gives where a figure lies, at the edge when it is beyond; none where it
    /// is no number, or not positive on a logarithmic scale.
    pub(crate) fn at(&self, value: f64) -> Option<f64> {
        if !shows(self.kind, value) {
            return None;
        }
        let value = value.clamp(self.low, self.high);
        let part = match self.kind {
            Kind::Linear => (value - self.low) / (self.high - self.low),
            Kind::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        let (from, to) = self.pixels;
        Some(from + part.clamp(0.0, 1.0) * (to - from))
    }

    #[cfg(test)]
    const fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Gives round figures along the scale, ascending, with about `wanted` labels.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<Tick> {
        let wanted = wanted.clamp(2, TICKS_MAX);
        match self.kind {
            Kind::Linear => self.even_ticks(wanted),
            Kind::Log => self.log_ticks(wanted),
        }
    }

    fn even_ticks(&self, wanted: usize) -> Vec<Tick> {
        let step = step_for((self.high - self.low) / count(wanted));
        let first = (self.low / step - 1e-9).ceil();
        let ticks = (0..=TICKS_MAX * 2).map(|n| (first + count(n)) * step);
        ticks
            .take_while(|value| *value <= self.high + step * 1e-9)
            // 3 x 0.1 is not quite 0.3, and would be written so.
            .map(|value| {
                Tick::labelled(if value.abs() < step * 1e-9 {
                    0.0
                } else {
                    value
                })
            })
            .collect()
    }

    fn log_ticks(&self, wanted: usize) -> Vec<Tick> {
        let decades = (self.high / self.low).log10();
        let (first, last) = (self.low.log10().floor(), self.high.log10().ceil());
        // Powers of ten are short, and stand closer together than other figures.
        let every = (decades / (count(wanted) * 1.5)).ceil().max(1.0);
        // 1, 2, 5 in each decade where there is room for that.
        let fine = decades * 3.0 <= count(wanted) + 1.0;
        let mut ticks = Vec::new();
        let mut decade = first;
        while decade <= last {
            for digit in [1_u8, 2, 5] {
                let value = 10_f64.powf(decade) * f64::from(digit);
                let within = value >= self.low * (1.0 - 1e-9) && value <= self.high * (1.0 + 1e-9);
                let major = digit == 1 && (decade / every).fract() == 0.0;
                if within && (fine || major) {
                    ticks.push(Tick::labelled(value));
                } else if within && (every < 1.5 || digit == 1) {
                    ticks.push(Tick { value, label: None });
                }
            }
            decade += 1.0;
        }
        ticks
    }
}

impl Tick {
    fn labelled(value: f64) -> Self {
        let label = Some(brief(value));
        Self { value, label }
    }
}

/// Tells whether a scale has a place for a figure.
fn shows(kind: Kind, value: f64) -> bool {
    value.is_finite() && (kind == Kind::Linear || value > 0.0)
}

/// Gives ends that differ.
fn apart(low: f64, high: f64) -> (f64, f64) {
    if low > high {
        (0.0, 1.0)
    } else if high - low <= low.abs().max(high.abs()) * 1e-9 {
        let half = (low.abs() * 0.1).max(0.5);
        (low - half, high + half)
    } else {
        (low, high)
    }
}

fn apart_by_ratio(low: f64, high: f64) -> (f64, f64) {
    if low > high {
        // No figure, or all beyond what is drawn.
        (1.0, 10.0)
    } else if high / low < 1.001 {
        (low / 2.0, high * 2.0)
    } else {
        (low, high)
    }
}

/// Gives the step in which the ends of a scale are rounded.
fn round_step(extent: f64) -> f64 {
    step_for(extent / 5.0)
}

/// Gives the least of 1, 2, 5 x 10^n that is not below.
fn step_for(least: f64) -> f64 {
    round_above(least.max(f64::MIN_POSITIVE * 1e9))
}

fn round_above(value: f64) -> f64 {
    let decade = 10_f64.powf(value.log10().floor());
    let digit = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|digit| decade * digit >= value * (1.0 - 1e-9));
    decade * digit.unwrap_or(10.0)
}

fn round_below(value: f64) -> f64 {
    let decade = 10_f64.powf(value.log10().floor());
    let digit = [5.0, 2.0, 1.0]
        .into_iter()
        .find(|digit| decade * digit <= value * (1.0 + 1e-9));
    decade * digit.unwrap_or(1.0)
}

#[allow(clippy::cast_precision_loss, reason = "a few ticks")]
const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Ends, Kind, Scale};

    fn scale(kind: Kind, low: f64, high: f64) -> Scale {
        Scale::covering(kind, Ends::Round, [low, high], (0.0, 100.0))
    }

    fn labels(scale: &Scale) -> Vec<String> {
        let ticks = scale.ticks(6).into_iter();
        ticks.filter_map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round() {
        let linear = scale(Kind::Linear, 0.0, 0.97);
        assert_eq!(labels(&linear), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        let log = scale(Kind::Log, 0.6, 9.0);
        assert_eq!(labels(&log), ["0.5", "1", "2", "5", "10"]);
        assert_eq!(
            labels(&scale(Kind::Log, 1.0, 9e4)),
            ["1", "10", "100", "1000", "10k", "100k"]
        );
    }

    #[test]
    fn a_scale_of_nothing_is_a_scale() {
        for kind in [Kind::Linear, Kind::Log] {
            for values in [
                vec![],
                vec![f64::NAN],
                vec![f64::INFINITY],
                vec![5.0, 5.0],
                vec![0.0],
            ] {
                let scale = Scale::covering(kind, Ends::Round, values.clone(), (0.0, 100.0));
                let (low, high) = scale.ends();
                assert!(
                    low < high && low.is_finite() && high.is_finite(),
                    "{values:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn scales_are_monotone_and_stay_within(
            kind in prop_oneof![Just(Kind::Linear), Just(Kind::Log)],
            ends in prop_oneof![Just(Ends::Tight), Just(Ends::Round)],
            values in proptest::collection::vec(any::<f64>(), 0..5),
            looked_at in proptest::collection::vec(any::<f64>(), 2),
        ) {
            let scale = Scale::covering(kind, ends, values, (300.0, 20.0));
            let (one, other) = (looked_at[0].min(looked_at[1]), looked_at[0].max(looked_at[1]));
            if let (Some(one), Some(other)) = (scale.at(one), scale.at(other)) {
                prop_assert!(one >= other, "a larger figure is further up");
                prop_assert!((20.0..=300.0).contains(&one) && (20.0..=300.0).contains(&other));
            }
        }

        #[test]
        fn ticks_ascend_within_the_scale_and_are_few(
            kind in prop_oneof![Just(Kind::Linear), Just(Kind::Log)],
            ends in prop_oneof![Just(Ends::Tight), Just(Ends::Round)],
            exponents in (-9.0..12.0_f64, -9.0..12.0_f64),
            wanted in 0..40_usize,
        ) {
            let values = [10_f64.powf(exponents.0), 10_f64.powf(exponents.1)];
            let scale = Scale::covering(kind, ends, values, (0.0, 100.0));
            let (low, high) = scale.ends();
            let slack = (high - low) * 1e-6;
            let ticks = scale.ticks(wanted);
            prop_assert!(ticks.len() <= 80, "{} ticks", ticks.len());
            prop_assert!(ticks.iter().all(|tick| tick.value >= low - slack && tick.value <= high + slack));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].value < pair[1].value));
            prop_assert!(ends == Ends::Tight || ticks.iter().any(|tick| tick.label.is_some()));
        }
    }
}
