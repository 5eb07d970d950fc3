//! Loads from far below to far above what a server can do, each with several seeds.

use super::course::{Course, Flood, Traffic};
use super::progress::Seen;
use super::ride::CourseError;
use crate::record::Run;

/// Is the loads to run, as parts of a capacity.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The least load.
    pub from: f64,
    /// The greatest load.
    pub to: f64,
    /// How many loads, evenly on a logarithmic scale.
    pub points: u32,
    /// With how many seeds each is run.
    pub seeds: u32,
}

/// Says which run of a sweep it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Counts from 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
    /// Its load as a part of capacity.
    pub load: f64,
    /// Its seed.
    pub seed: u64,
}

impl Default for Sweep {
    fn default() -> Self {
        Self {
            from: 0.1,
            to: 10.0,
            points: 12,
            seeds: 5,
        }
    }
}

impl Sweep {
    /// Gives the loads, in ascending order, in whole thousandths.
    ///
    /// ```
    /// use seda_lab::generator::Sweep;
    ///
    /// let sweep = Sweep { points: 3, ..Sweep::default() };
    /// assert_eq!(sweep.loads(), [0.1, 1.0, 10.0]);
    /// ```
    pub fn loads(&self) -> Vec<f64> {
        let ratio = self.to / self.from;
        let last = f64::from(self.points.saturating_sub(1).max(1));
        let load = |point| self.from * ratio.powf(f64::from(point) / last);
        let rounded = |load: f64| (load * 1_000.0).round() / 1_000.0;
        (0..self.points).map(|point| rounded(load(point))).collect()
    }

    /// Runs all loads with the first seed, then with the next one, so that what else
    /// the machine does is spread over them. Of `course` it takes all but the rate,
    /// whose spacing it keeps, and the seed, which is the first. `told` hears how
    /// far it is.
    ///
    /// # Blocking
    ///
    /// As long as all the runs.
    ///
    /// # Errors
    ///
    /// Those of [`Course::run`].
    pub fn run(
        &self,
        course: &Course,
        capacity: f64,
        told: &mut dyn FnMut(&Leg, Seen),
    ) -> Result<Vec<Run>, CourseError> {
        let loads = self.loads();
        let of = self.points.saturating_mul(self.seeds);
        let mut runs = Vec::new();
        for seed in (course.seed..).take(self.seeds as usize) {
            for load in &loads {
                let number = u32::try_from(runs.len() + 1).unwrap_or(u32::MAX);
                let load = *load;
                let leg = Leg {
                    number,
                    of,
                    load,
                    seed,
                };
                let run = at(course, load * capacity, seed);
                runs.push(Run {
                    variant: "server".to_owned(),
                    seed,
                    load: Some(load),
                    capacity: Some(capacity),
                    ..run.run(&mut |seen| told(&leg, seen))?
                });
            }
        }
        Ok(runs)
    }
}

fn at(course: &Course, rate: f64, seed: u64) -> Course {
    let traffic = match course.traffic.clone() {
        Traffic::Open { flow, retries } => Traffic::Open {
            flow: Flood { rate, ..flow },
            retries,
        },
        Traffic::Sessions {
            flow,
            requests,
            client,
        } => Traffic::Sessions {
            // Each of them asks more than once.
            flow: Flood {
                rate: rate / f64::from(requests.max(1)),
                ..flow
            },
            requests,
            client,
        },
        Traffic::Closed { .. } => Traffic::Open {
            flow: Flood::poisson(rate),
            retries: None,
        },
    };
    Course {
        traffic,
        seed,
        ..course.clone()
    }
}
