//! What a scenario file says of arrivals is when requests come in virtual time.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;

use seda_core::BoxError;
use seda_lab::record::Run;
use seda_lab::scenario::Scenario;
use seda_lab::simulate;

/// Requests per second of a load of 1.
const RATE: f64 = 2_000.0;
/// Standard deviations that chance reaches once in 500 million times.
const FAR: f64 = 6.0;

fn run(arrivals: &str, load: f64, times: [u32; 2]) -> Result<Run, BoxError> {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let [warm_up, measured] = times;
    let text = format!(
        "name = \"t\"\ntitle = \"T\"\nabout = \"A.\"\ntarget = \"25ms\"\n\
         server = {{ servers = 2, work = {{ kind = \"constant\", each = \"1ms\" }} }}\n\
         load = {{ kind = \"open\", loads = [{load:?}], arrivals = {arrivals} }}\n\
         times = {{ warm_up = \"{warm_up}s\", measured = \"{measured}s\" }}\n"
    );
    let scenario = Scenario::read("t.toml", &text)?;
    let run = simulate(&scenario, &[seed], |_, _| {})?.remove(0);
    assert!(run.outcomes.is_exact(), "{:?}", run.outcomes);
    Ok(run)
}

/// Gives how many came in each tenth of a second.
fn came(run: &Run) -> Vec<f64> {
    let series = run.series.as_ref().unwrap();
    let offered = &series.column("offered").unwrap().values;
    offered.iter().map(|rate| rate.unwrap() / 10.0).collect()
}

/// Gives the mean of counts, and their variance / it, which is 1 for Poisson arrivals.
#[allow(clippy::cast_precision_loss, reason = "some hundred steps")]
fn spread(counts: &[f64]) -> (f64, f64) {
    let number = counts.len() as f64;
    let mean = counts.iter().sum::<f64>() / number;
    let squares = counts.iter().map(|count| (count - mean).powi(2));
    (mean, squares.sum::<f64>() / (number - 1.0) / mean)
}

#[test]
fn a_ramp_rises_evenly_over_the_time_that_counts() {
    let run = run("{ ramp = { from = 0.5, to = 1.5 } }", 1.0, [1, 10]).unwrap();
    let counts = came(&run);
    let seconds = counts.chunks(10).map(|tenths| tenths.iter().sum::<f64>());
    let mut middle = 0.55;
    for (second, count) in seconds.enumerate() {
        let expected = middle * RATE;
        // It rises in 200 parts, which lag by half of one: 0.0025 of the rate.
        let bound = FAR * expected.sqrt() + 0.005 * RATE;
        let told = format!("{count} in second {second}, not {expected}");
        assert!((count - expected).abs() < bound, "{told}");
        middle += 0.1;
    }
}

#[test]
fn bursts_are_in_turn_low_and_high_and_the_mean_is_between() {
    let burst = "{ burst = { low = 0.2, high = 1.8, dwell = \"100ms\" } }";
    let counts = came(&run(burst, 1.0, [1, 40]).unwrap());
    let (mean, dispersion) = spread(&counts);
    // A rate that is 0.8 of its mean higher or lower, each for a time d on average, has
    // after a time T a standard deviation of 0.8 √(d T) means: here 1.6 s of 40 s.
    let deviation = 0.8 * (0.1_f64 * 40.0).sqrt() / 40.0;
    let [part, bound] = [mean / (RATE / 10.0), FAR * deviation];
    assert!((part - 1.0).abs() < bound, "{part}, not 1 ± {bound}");
    // In steps of d the variance is 74 times the mean.
    assert!((20.0..200.0).contains(&dispersion), "{dispersion}");
    // Some 400 times it stays, longer than two steps once in seven times.
    let low = counts.iter().filter(|count| **count < 70.0).count();
    let high = counts.iter().filter(|count| **count > 290.0).count();
    assert!(low > 4 && high > 4, "{low} low, {high} high: {counts:?}");
}

#[test]
fn poisson_arrivals_are_no_bursts_and_even_ones_are_even() {
    let (mean, dispersion) = spread(&came(&run("\"poisson\"", 1.0, [1, 40]).unwrap()));
    let bound = FAR * (RATE * 40.0).sqrt() / 400.0;
    assert!((mean - RATE / 10.0).abs() < bound, "{mean}");
    // The variance of 400 counts is known to 1 ± 0.07.
    assert!((dispersion - 1.0).abs() < FAR * 0.0708, "{dispersion}");
    let even = came(&run("\"uniform\"", 1.0, [1, 2]).unwrap());
    let apart = even.iter().map(|count| (count - RATE / 10.0).abs());
    assert!(apart.clone().all(|apart| apart <= 1.0), "{even:?}");
}

#[test]
fn a_trace_is_replayed_over_and_over_and_faster_by_the_load() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("moments.txt");
    let trace = format!("{{ trace = {{ file = {:?} }} }}", file.to_str().unwrap());
    fs::write(&file, "0.15\n0.16\n0.35\n1\n").unwrap();
    let replayed = |load| came(&run(&trace, load, [1, 2]).unwrap());
    // The moment after one second is in the first step of the next.
    let once = [1.0, 2.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(replayed(1.0), once.repeat(2));
    let twice = [3.0, 1.0, 0.0, 0.0, 0.0];
    assert_eq!(replayed(2.0), twice.repeat(4));

    fs::write(&file, "0.15\nsoon\n").unwrap();
    let error = run(&trace, 1.0, [1, 2]).unwrap_err().to_string();
    let place = format!("{}:2:1: `soon`", file.display());
    assert!(error.starts_with(&place), "{error}");
    fs::remove_file(&file).unwrap();
    let error = run(&trace, 1.0, [1, 2]).unwrap_err().to_string();
    assert!(error.contains("name another trace"), "{error}");
}
