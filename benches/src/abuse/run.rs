//! First calm, then a polite load, then abuse, then a drain in the midst of it.

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::abuse::crowd::Cast;
use crate::abuse::guests::{Book, Guests, KINDS};
use crate::abuse::siege::{Fortress, Mob};
use crate::cpu;
use crate::http::procfs;

/// How often the server's memory is looked at.
const GLANCE: Duration = Duration::from_millis(500);
/// Until the first guests have connected.
const MOMENT: Duration = Duration::from_millis(500);

/// Says how long everything lasts, and how many abusers there are.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long there is abuse, from when everybody is there.
    pub abuse: Duration,
    /// Connections that do hardly anything.
    pub idle: usize,
    /// Connections that do something all the time.
    pub active: usize,
    /// Decides what they do.
    pub seed: u64,
}

impl Plan {
    /// How long the guests are undisturbed.
    fn calm(&self) -> Duration {
        (self.abuse / 5).clamp(Duration::from_secs(2), Duration::from_mins(1))
    }

    /// In which time all abusers come, and how long they are there before it counts.
    fn ramp(&self) -> Duration {
        (self.abuse / 10).clamp(Duration::from_secs(1), Duration::from_secs(30))
    }
}

/// Is what was seen.
#[derive(Debug)]
pub struct Findings {
    /// While the guests were undisturbed.
    pub calm: Spell,
    /// While many others asked as politely: what a load does by itself.
    pub busy: Spell,
    /// While there was abuse.
    pub abuse: Spell,
    /// Bytes of memory that the server had, at equal intervals during the abuse.
    pub memory: Vec<u64>,
    /// The fewest abusers that were connected at the same time.
    pub connected_min: usize,
    /// Connections of abusers.
    pub connections: u64,
    /// Connections of abusers that did not come about.
    pub refused: u64,
    /// Whether everything was accounted for at the end.
    pub exact: bool,
    /// What the server said at the end.
    pub said: String,
}

/// Is what happened in some time.
#[derive(Debug)]
pub struct Spell {
    /// What the guests have noted.
    pub books: [Book; KINDS.len()],
    /// How long it was.
    pub wall: Duration,
    /// CPU time of the server.
    pub server: Duration,
    /// CPU time of this process: guests and abusers.
    pub load: Duration,
    /// CPU time of everybody else on this machine.
    pub others: Duration,
}

/// Lets a server, which is this `program`, be abused.
///
/// # Errors
///
/// When it does not start, or ends too early or too late.
pub fn run(program: &Path, plan: &Plan) -> io::Result<Findings> {
    let fortress = Fortress::start(program)?;
    let guests = Guests::invite(&fortress.plain, &fortress.secured);
    thread::sleep(MOMENT);
    let begun = Beginning::now(&fortress, &guests)?;
    thread::sleep(plan.calm());
    let calm = begun.spell(&fortress, guests.take())?;
    let regulars = Guests::regulars(&fortress.plain, &fortress.secured);
    thread::sleep(MOMENT);
    let begun = Beginning::now(&fortress, &guests)?;
    thread::sleep(plan.calm());
    let busy = begun.spell(&fortress, guests.take())?;
    drop(regulars.leave());
    let mut mob = Mob::gather(Cast {
        idle: plan.idle,
        active: plan.active,
        plain: fortress.plain.clone(),
        secured: fortress.secured.clone(),
        seed: plan.seed,
        ramp: plan.ramp(),
    })?;
    thread::sleep(plan.ramp() * 2);
    let begun = Beginning::now(&fortress, &guests)?;
    let mut memory = Vec::new();
    let mut connected_min = usize::MAX;
    while begun.at.elapsed() < plan.abuse {
        thread::sleep(GLANCE);
        memory.push(procfs::resident(fortress.process())?);
        connected_min = connected_min.min(mob.doings.connected.load(Ordering::Relaxed));
    }
    let abuse = begun.spell(&fortress, guests.leave())?;
    let connections = mob.doings.connections.load(Ordering::Relaxed);
    let refused = mob.doings.refused.load(Ordering::Relaxed);
    let (exact, said) = fortress.end()?;
    mob.disperse()?;
    Ok(Findings {
        calm,
        busy,
        abuse,
        memory,
        connected_min,
        connections,
        refused,
        exact,
        said,
    })
}

/// Is when a spell began, and the CPU time that was used until then.
struct Beginning {
    at: Instant,
    server: Duration,
    load: Duration,
    machine: Duration,
}

impl Beginning {
    fn now(fortress: &Fortress, guests: &Guests) -> io::Result<Self> {
        drop(guests.take());
        Ok(Self {
            at: Instant::now(),
            server: procfs::cpu(fortress.process())?,
            load: cpu::process(),
            machine: procfs::machine()?,
        })
    }

    fn spell(&self, fortress: &Fortress, books: [Book; KINDS.len()]) -> io::Result<Spell> {
        let server = procfs::cpu(fortress.process())?.saturating_sub(self.server);
        let load = cpu::process().saturating_sub(self.load);
        let machine = procfs::machine()?.saturating_sub(self.machine);
        Ok(Spell {
            books,
            wall: self.at.elapsed(),
            server,
            load,
            others: machine.saturating_sub(server + load),
        })
    }
}
