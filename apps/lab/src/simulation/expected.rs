//! What a server is expected to do: its capacity, and when requests arrive.

use std::time::Duration;

use seda_core::BoxError;
use seda_core::simulator::{Arrivals, Service};

use crate::scenario::{Change, Server, Spacing, Times, Work};

/// In how many parts a ramp's rate is constant.
const RAMP_PARTS: u32 = 200;

/// Gives the simulator's model of a kind of work.
pub(super) const fn service(work: &Work) -> Service {
    match work {
        Work::Constant { each } => Service::constant(each.0),
        Work::Exponential { mean } => Service::exponential(mean.0),
        Work::Bimodal {
            short,
            long,
            long_share,
        } => Service::bimodal(short.0, long.0, *long_share),
        Work::Pareto { min, alpha } => Service::pareto(min.0, *alpha),
        Work::Batch { fixed, each } => Service::constant(each.0).with_fixed(fixed.0),
    }
}

/// Gives the requests per second that a server can do one by one.
pub(super) fn capacity(server: &Server) -> f64 {
    let at_once = server.threads.map_or(server.servers, |(_, most)| most);
    at_once as f64 / service(&server.work).mean().as_secs_f64()
}

/// Gives the arrivals of an open loop; moments count from the beginning of the warm-up.
pub(super) fn arrivals(
    (spacing, changes): (&Spacing, &[Change]),
    load: f64,
    rate: f64,
    times: &Times,
) -> Result<Arrivals, BoxError> {
    let start = times.warm_up.0;
    Ok(match spacing {
        Spacing::Poisson if changes.is_empty() => Arrivals::poisson(rate),
        Spacing::Poisson => {
            let changes = changes
                .iter()
                .map(|change| (start + change.at.0, change.factor * rate));
            Arrivals::steps([(Duration::ZERO, rate)].into_iter().chain(changes))
        }
        Spacing::Uniform => Arrivals::uniform(rate),
        Spacing::Burst { low, high, dwell } => Arrivals::bursts(low * rate, high * rate, dwell.0),
        Spacing::Ramp { from, to } => {
            let step = |n: u32| {
                let part = f64::from(n) / f64::from(RAMP_PARTS);
                let at = start + times.measured.0.mul_f64(part);
                (at, (from + (to - from) * part) * rate)
            };
            let first = [(Duration::ZERO, from * rate)];
            Arrivals::steps(first.into_iter().chain((1..=RAMP_PARTS).map(step)))
        }
        Spacing::Trace { file } => trace(file, load, times)?,
    })
}

/// Reads a trace and repeats it for as long as the run takes; a load of 2
/// replays it twice as fast.
fn trace(file: &str, load: f64, times: &Times) -> Result<Arrivals, BoxError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{file}: cannot be read ({error}), name another trace"))?;
    let mut moments = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let seconds: Option<f64> = line.trim().parse().ok();
        let moment = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds / load).ok());
        let what = "write a moment in seconds, such as 0.25";
        moments.push(moment.ok_or_else(|| format!("{file}:{}:1: `{line}`, {what}", index + 1))?);
    }
    let longest = moments.iter().max().copied().unwrap_or_default();
    if longest.is_zero() {
        return Err(format!("{file}:1:1: no time passes in it, add later moments").into());
    }
    let rounds = (times.warm_up.0 + times.measured.0 * 2).div_duration_f64(longest);
    let mut all = Vec::new();
    let mut from = Duration::ZERO;
    for _ in 0..rounds.ceil().min(1e6) as u32 {
        all.extend(moments.iter().map(|at| from + *at));
        from += longest;
    }
    Ok(Arrivals::trace(all))
}
