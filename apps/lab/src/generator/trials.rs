//! A scenario on a server that runs, instead of in virtual time.

use super::course::{Aim, Course, Flood, Traffic};
use super::mix::Mix;
use super::progress::Seen;
use super::ride::CourseError;
use super::sweep::Leg;
use crate::record::Run;
use crate::scenario::{Load, Retries, Scenario, Variant};

impl Course {
    /// Makes courses of a scenario, in the order in which they are run, and of each
    /// the run that it begins with: variant, seed, load and capacity.
    ///
    /// Of this course they have the server, unless a variant names its own, the
    /// connections, the core, the first seed, and how classes are told. `capacity`, in requests per second,
    /// is what an open load is a part of. Of variants only those count that are
    /// about servers or clients, not the policies of a simulated server.
    ///
    /// # Errors
    ///
    /// When a variant's server has no URL, or an open load no capacity.
    pub fn of_scenario(
        &self,
        scenario: &Scenario,
        capacity: Option<f64>,
    ) -> Result<Vec<(Self, Run)>, CourseError> {
        let mut trials = Vec::new();
        for seed in (self.seed..).take(scenario.seeds as usize) {
            for variant in variants(scenario) {
                let base = self.of_variant(scenario, &variant, seed)?;
                for (traffic, load) in loads(scenario, &variant, capacity)? {
                    let open = load.is_some();
                    let run = Run {
                        variant: variant.name.clone(),
                        seed,
                        load,
                        capacity: capacity.filter(|_| open),
                        ..Run::default()
                    };
                    let course = Self {
                        traffic,
                        ..base.clone()
                    };
                    trials.push((course, run));
                }
            }
        }
        Ok(trials)
    }

    fn of_variant(
        &self,
        scenario: &Scenario,
        variant: &Variant,
        seed: u64,
    ) -> Result<Self, CourseError> {
        let aim = match &variant.target {
            None => self.aim.clone(),
            Some(url) => Aim::get(url).ok_or_else(|| {
                let name = &variant.name;
                CourseError::Usage(format!(
                    "the target `{url}` of variant `{name}` is no URL; \
                     write one, such as http://127.0.0.1:8080/"
                ))
            })?,
        };
        let timeout = match &scenario.load {
            Load::Closed { client, .. } => client.timeout.map(|timeout| timeout.0),
            Load::Open { .. } => None,
        };
        Ok(Self {
            aim,
            warm_up: scenario.times.warm_up.0,
            measured: scenario.times.measured.0,
            slo: scenario.target.0,
            mix: Mix {
                parts: scenario.load.classes().to_vec(),
                ..self.mix.clone()
            },
            timeout: timeout.unwrap_or(self.timeout),
            seed,
            ..self.clone()
        })
    }
}

/// Runs courses one after the other. `told` hears how far each is.
///
/// # Blocking
///
/// As long as all of them.
///
/// # Errors
///
/// Those of [`Course::run`].
pub fn run_trials(
    trials: &[(Course, Run)],
    told: &mut dyn FnMut(&Leg, Seen),
) -> Result<Vec<Run>, CourseError> {
    let of = u32::try_from(trials.len()).unwrap_or(u32::MAX);
    let mut runs = Vec::new();
    for (number, (course, known)) in (1..).zip(trials) {
        let leg = Leg {
            number,
            of,
            load: known.load.unwrap_or(1.0),
            seed: known.seed,
        };
        let run = course.run(&mut |seen| told(&leg, seen))?;
        runs.push(Run {
            variant: known.variant.clone(),
            seed: known.seed,
            load: known.load,
            capacity: known.capacity,
            ..run
        });
    }
    Ok(runs)
}

/// Gives the variants that mean something to a server that runs, or one for all.
fn variants(scenario: &Scenario) -> Vec<Variant> {
    let ours = |variant: &&Variant| variant.target.is_some() || variant.retries.is_some();
    let some: Vec<Variant> = scenario.variant.iter().filter(ours).cloned().collect();
    if some.is_empty() {
        let name = "server".to_owned();
        return vec![Variant {
            name,
            ..Variant::default()
        }];
    }
    some
}

/// Gives the loads of a scenario; a part of capacity beside those that are one.
fn loads(
    scenario: &Scenario,
    variant: &Variant,
    capacity: Option<f64>,
) -> Result<Vec<(Traffic, Option<f64>)>, CourseError> {
    match &scenario.load {
        Load::Open {
            arrivals,
            loads,
            changes,
            retries,
            ..
        } => {
            let capacity = capacity.ok_or_else(|| {
                CourseError::Usage("an open load is a part of a capacity; measure it".to_owned())
            })?;
            let retries: Option<Retries> = variant.retries.clone().or_else(|| retries.clone());
            let open = |load: &f64| Traffic::Open {
                flow: Flood {
                    rate: load * capacity,
                    spacing: arrivals.clone(),
                    changes: changes.clone(),
                },
                retries: retries.clone(),
            };
            Ok(loads.iter().map(|load| (open(load), Some(*load))).collect())
        }
        Load::Closed {
            clients,
            client,
            joined,
        } => {
            let closed = |clients: &u64| Traffic::Closed {
                clients: u32::try_from(*clients).unwrap_or(u32::MAX),
                client: client.clone(),
                joined: joined.clone(),
            };
            Ok(clients
                .iter()
                .map(|clients| (closed(clients), None))
                .collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scenario::{Clients, Joined, Moment, Server, Spacing, Times, Work};

    fn scenario(load: Load) -> Scenario {
        let moment = |ms| Moment(Duration::from_millis(ms));
        Scenario {
            name: "some".to_owned(),
            title: String::new(),
            about: String::new(),
            target: moment(25),
            seeds: 2,
            server: Server {
                servers: 1,
                stages: 1,
                work: Work::Constant { each: moment(1) },
                threads: None,
                arrival_cost: Moment::default(),
                slower: Vec::new(),
                pauses: Vec::new(),
            },
            load,
            times: Times {
                warm_up: moment(0),
                measured: moment(100),
            },
            variant: Vec::new(),
        }
    }

    fn course() -> Course {
        let flow = Flood::poisson(1.0);
        let traffic = Traffic::Open {
            flow,
            retries: None,
        };
        Course::new(Aim::get("http://127.0.0.1:1/").unwrap(), traffic)
    }

    #[test]
    fn an_open_load_is_a_part_of_capacity_with_each_seed() {
        let mut scenario = scenario(Load::Open {
            arrivals: Spacing::Uniform,
            loads: vec![0.5, 2.0],
            changes: Vec::new(),
            retries: None,
            classes: vec![0.2],
            class_targets: Vec::new(),
        });
        assert!(course().of_scenario(&scenario, None).is_err());
        let trials = course().of_scenario(&scenario, Some(100.0)).unwrap();
        assert!(trials.iter().all(|(course, _)| course.mix.parts == [0.2]));
        let rates = trials.iter().map(|(course, run)| match &course.traffic {
            Traffic::Open { flow, .. } => (flow.rate, run.seed, course.seed),
            other => panic!("{other:?}"),
        });
        let rates: Vec<(f64, u64, u64)> = rates.collect();
        assert_eq!(
            rates,
            [(50.0, 1, 1), (200.0, 1, 1), (50.0, 2, 2), (200.0, 2, 2)]
        );

        let named = |name: &str, target: Option<&str>| Variant {
            name: name.to_owned(),
            target: target.map(str::to_owned),
            ..Variant::default()
        };
        let other = Some("http://127.0.0.1:2/");
        scenario.variant = vec![named("policy", None), named("other", other)];
        let trials = course().of_scenario(&scenario, Some(100.0)).unwrap();
        assert_eq!(trials.len(), 4, "a policy of a simulation is none here");
        assert!(
            trials
                .iter()
                .all(|(course, run)| course.aim.origin.port() == 2 && run.variant == "other")
        );
    }

    #[test]
    fn a_closed_load_needs_no_capacity() {
        let client = Clients {
            timeout: Some(Moment(Duration::from_secs(3))),
            ..Clients::default()
        };
        let clients = vec![1, 16];
        let joined = Joined {
            at: Moment::default(),
            lasts: Moment::default(),
            clients: 4,
        };
        let closed = scenario(Load::Closed {
            clients,
            client,
            joined: vec![joined],
        });
        let trials = course().of_scenario(&closed, None).unwrap();
        assert_eq!(trials.len(), 4);
        assert!(
            trials
                .iter()
                .all(|(course, _)| course.timeout == Duration::from_secs(3))
        );
        let joins = |course: &Course| matches!(&course.traffic, Traffic::Closed { joined: who, .. } if who[..] == [joined]);
        assert!(trials.iter().all(|(course, _)| joins(course)));
    }
}
