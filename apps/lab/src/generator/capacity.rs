//! How much a server can do: measured in a closed loop, before it is overloaded.
//!
//! Capacity is the greatest rate of *good* answers at any number of clients that do
//! not think. Counting all answers would credit a server that queues for ever with
//! work that nobody waits for; taking the rate at many clients would credit one that
//! collapses with its wreck, and then every load would be said to be light.

use std::time::Duration;

use super::course::{Course, Keep, Traffic};
use super::progress::Seen;
use super::ride::CourseError;
use crate::record::Run;
use crate::scenario::{Clients, Moment};

/// How long each number of clients is measured, and what comes before.
const MEASURED: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_millis(300);
/// A number of clients that does not have this part of the best is behind the knee.
const BEHIND: f64 = 0.95;
/// After so many of them, one after the other, no more are tried.
const BEHIND_MAX: u32 = 2;
/// How often the best number is measured; the median counts.
const TIMES: usize = 3;

/// Is what was seen of one number of clients.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    /// How many clients asked, without thinking.
    pub clients: u32,
    /// Good answers in a second.
    pub goodput: f64,
    /// All answers in a second.
    pub throughput: f64,
    /// Milliseconds: 99 of 100 answers took at most so long.
    pub p99_ms: f64,
    /// The part of its core that the generator has used.
    pub busy: Option<f64>,
}

/// Is how much a server can do.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    /// Good answers in a second.
    pub per_second: f64,
    /// How many clients it took.
    pub clients: u32,
    /// The part of its core that the generator has used then: near 1, it may be the
    /// generator that was measured.
    pub busy: f64,
}

/// Measures how much a server can do. Of `course` it takes whom to ask, what is good,
/// the classes, the timeout, the core, and how many connections there may be. `told` hears of
/// each number of clients.
///
/// # Blocking
///
/// Some twenty seconds.
///
/// # Errors
///
/// Those of [`Course::run`]; and when nothing was good at all.
pub fn find_capacity(
    course: &Course,
    told: &mut dyn FnMut(&Rung),
) -> Result<Capacity, CourseError> {
    let most = u32::try_from(course.connections).unwrap_or(u32::MAX);
    let mut best: Option<Rung> = None;
    let mut behind = 0;
    let doubled = std::iter::successors(Some(1_u32), |clients| clients.checked_mul(2));
    for clients in doubled.take_while(|clients| *clients <= most) {
        let rung = rung(course, clients, told)?;
        let known = best.as_ref().map_or(0.0, |best| best.goodput);
        behind = if rung.goodput < BEHIND * known {
            behind + 1
        } else {
            0
        };
        if rung.goodput > known {
            best = Some(rung);
        }
        if behind >= BEHIND_MAX {
            break;
        }
    }
    let best = best.ok_or_else(|| nothing_good(course))?;
    let clients = best.clients;
    let mut seen = vec![best];
    while seen.len() < TIMES {
        seen.push(rung(course, clients, told)?);
    }
    seen.sort_by(|a, b| a.goodput.total_cmp(&b.goodput));
    let median = seen.into_iter().nth(TIMES / 2);
    let median = median.ok_or_else(|| nothing_good(course))?;
    Ok(Capacity {
        per_second: median.goodput,
        clients,
        busy: median.busy.unwrap_or(0.0),
    })
}

fn nothing_good(course: &Course) -> CourseError {
    let slo = course.slo.as_secs_f64() * 1e3;
    let origin = &course.aim.origin;
    CourseError::Usage(format!(
        "{origin} gave no good answer within {slo} ms, even to one client; \
         look at what it answers, or raise `--slo`"
    ))
}

fn rung(course: &Course, clients: u32, told: &mut dyn FnMut(&Rung)) -> Result<Rung, CourseError> {
    let client = Clients {
        think: Moment::default(),
        jitter: Moment::default(),
        requests_per_connection: 0,
        ..Clients::default()
    };
    let closed = Course {
        traffic: Traffic::Closed {
            clients,
            client,
            joined: Vec::new(),
        },
        warm_up: WARM_UP,
        measured: MEASURED,
        keep: Keep::Sums,
        ..course.clone()
    };
    let run: Run = closed.run(&mut |_: Seen| {})?;
    let rung = Rung {
        clients,
        goodput: run.goodput(),
        throughput: run.throughput(),
        p99_ms: run.latency.spread.p99,
        busy: run.busy,
    };
    told(&rung);
    Ok(rung)
}
