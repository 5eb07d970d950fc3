//! A running domain: its seats, and the threads that sit on them.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::domain::Site;
use crate::driver::{Driver, Parker};
use crate::error::{BoxError, panic_message};
use crate::here::{Here, Seat, SeatId};
use crate::life::Life;
use crate::overload::pressure::Pressure;
use crate::plan::DomainKind;
use crate::roster::Roster;
use crate::source::Source;
use crate::worker::cpu::{CpuTime, ThreadCpu};
use crate::worker::runner::Runner;
use crate::worker::shift::Shift;
use crate::worker::thread::WorkerLoop;

/// How long a thread beyond the smallest pool may be idle.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// Makes the runner of a stage for a worker, in that worker's thread.
pub(crate) trait Recruit: Send + Sync {
    fn runner(&self, seat: SeatId) -> Box<dyn Runner>;
}

/// Makes a source for a worker, in that worker's thread; none where it does not run.
pub(crate) type SourceMaker =
    Box<dyn FnMut(usize) -> Option<Result<Box<dyn Source>, BoxError>> + Send>;

/// Makes what workers sleep in.
pub(crate) type DriverMaker = Arc<dyn Fn(usize) -> io::Result<Box<dyn Driver>> + Send + Sync>;

/// Is one stage as its domain sees it.
pub(crate) struct Post {
    pub(crate) recruit: Arc<dyn Recruit>,
    /// The only worker that runs it, when it is solo.
    pub(crate) home: Option<usize>,
}

/// Is what all teams of a graph share.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) life: Arc<Life>,
    pub(crate) clock: Clock,
    pub(crate) roster: Arc<Roster>,
    pub(crate) driver: Option<DriverMaker>,
    pub(crate) pressure: Pressure,
}

/// Is a running domain.
pub(crate) struct Team {
    pub(crate) site: Arc<Site>,
    pub(crate) kind: DomainKind,
    /// The stages of this domain, by rank.
    pub(crate) posts: Vec<Option<Post>>,
    pub(crate) shares: Vec<u32>,
    pub(crate) sources: Mutex<Vec<SourceMaker>>,
    pub(crate) seats: Mutex<Vec<Option<Seat>>>,
    pub(crate) around: Surroundings,
    live: AtomicUsize,
    drained: Vec<Arc<AtomicBool>>,
    cpu: Mutex<Cpu>,
}

#[derive(Default)]
struct Cpu {
    threads: Vec<(usize, ThreadCpu)>,
    /// What threads that have left had used.
    past: CpuTime,
}

impl Team {
    pub(crate) fn new(
        site: Arc<Site>,
        kind: DomainKind,
        (posts, shares): (Vec<Option<Post>>, Vec<u32>),
        (sources, seats): (Vec<SourceMaker>, Vec<Seat>),
        around: Surroundings,
    ) -> Arc<Self> {
        let drained = (0..kind.workers_max()).map(|_| Arc::new(AtomicBool::new(true)));
        Arc::new(Self {
            drained: drained.collect(),
            site,
            kind,
            posts,
            shares,
            sources: Mutex::new(sources),
            seats: Mutex::new(seats.into_iter().map(Some).collect()),
            around,
            live: AtomicUsize::new(0),
            cpu: Mutex::default(),
        })
    }

    /// Tells how many threads there are.
    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Acquire)
    }

    /// Tells whether the sources of all its workers have written everything.
    pub(crate) fn is_drained(&self) -> bool {
        self.drained.iter().all(|flag| flag.load(Ordering::Acquire))
    }

    /// Gives the CPU time of all its threads; none where it is not known.
    pub(crate) fn cpu(&self) -> Option<CpuTime> {
        let cpu = self.cpu.lock();
        if cpu.threads.is_empty() && cpu.past == CpuTime::default() {
            return None;
        }
        let mut threads = cpu.threads.iter();
        threads.try_fold(cpu.past, |sum, (_, thread)| Some(sum + thread.read()?))
    }

    /// Starts threads until there are `wanted`, as far as there are seats.
    pub(crate) fn grow_to(self: &Arc<Self>, wanted: usize) -> io::Result<()> {
        while self.live() < wanted.min(self.kind.workers_max()) {
            if !self.hire(|_| {})? {
                break;
            }
        }
        Ok(())
    }

    /// Starts one more thread; false when every seat is taken. `started` is
    /// told, in the thread, whether it could be set up.
    pub(crate) fn hire(
        self: &Arc<Self>,
        started: impl FnOnce(Result<(), BoxError>) + Send + 'static,
    ) -> io::Result<bool> {
        let Some(seat) = self.free_seat() else {
            return Ok(false);
        };
        let team = Arc::clone(self);
        let worker = seat.id().worker();
        // Both hold on to the seat, so that it is not lost with a thread that
        // could not be started.
        let seat = Arc::new(Mutex::new(Some(seat)));
        let handed = Arc::clone(&seat);
        self.live.fetch_add(1, Ordering::AcqRel);
        let spawned = std::thread::Builder::new()
            .name(format!("{}-{worker}", self.site.name()))
            .spawn(move || {
                let Some(mut seat) = handed.lock().take() else {
                    return;
                };
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    seat.sit(|here| team.work(here, started));
                }));
                if let Err(panic) = outcome {
                    let message = panic_message(&*panic);
                    tracing::error!(target: "seda", domain = &**team.site.name(), "a worker panicked: {message}");
                }
                team.leave(seat);
            });
        if spawned.is_err() {
            self.live.fetch_sub(1, Ordering::AcqRel);
            if let Some(place) = self.seats.lock().get_mut(worker) {
                *place = seat.lock().take();
            }
        }
        spawned.map(|_| true)
    }

    fn free_seat(&self) -> Option<Seat> {
        self.seats.lock().iter_mut().find_map(Option::take)
    }

    /// Is the whole life of a worker's thread.
    fn work(&self, here: &Here, started: impl FnOnce(Result<(), BoxError>)) {
        let seat = here.seat();
        if let Some(cpu) = ThreadCpu::of_current() {
            self.cpu.lock().threads.push((seat.worker(), cpu));
        }
        here.ready.store(crate::ready::Set::EMPTY);
        // A panic must not look like a thread that nobody wanted.
        let set_up = catch_unwind(AssertUnwindSafe(|| self.set_up(seat)))
            .unwrap_or_else(|panic| Err(format!("panic: {}", panic_message(&*panic)).into()));
        match set_up {
            Err(error) => {
                let (domain, worker) = (self.site.name(), seat.worker());
                started(Err(
                    format!("domain `{domain}`, worker {worker}: {error}").into()
                ));
            }
            Ok(mut worker_loop) => {
                started(Ok(()));
                if let Err(error) = worker_loop.live(here) {
                    tracing::error!(target: "seda", domain = &**self.site.name(), "driver failed: {error}");
                }
            }
        }
    }

    fn set_up(&self, seat: SeatId) -> Result<WorkerLoop, BoxError> {
        let worker = seat.worker();
        let driver = self.driver(worker)?;
        self.site.set_waker(worker, driver.waker());
        let sources = self.make_sources(worker)?;
        let drained = self.drained.get(worker).cloned().unwrap_or_default();
        drained.store(sources.is_empty(), Ordering::Release);
        Ok(WorkerLoop {
            worker,
            site: Arc::clone(&self.site),
            shift: self.shift(seat),
            sources,
            driver,
            life: Arc::clone(&self.around.life),
            clock: self.around.clock.clone(),
            pressure: self.around.pressure.clone(),
            drained,
            leaves_after: self.leaves_after(worker),
            quiesced: false,
        })
    }

    fn driver(&self, worker: usize) -> io::Result<Box<dyn Driver>> {
        match (self.kind, &self.around.driver) {
            (DomainKind::Cores { .. }, Some(make)) => make(worker),
            _ => Ok(Box::new(Parker::default())),
        }
    }

    /// Makes a worker's sources; the simulator calls it too.
    pub(crate) fn make_sources(&self, worker: usize) -> Result<Vec<Box<dyn Source>>, BoxError> {
        let mut makers = self.sources.lock();
        makers.iter_mut().filter_map(|make| make(worker)).collect()
    }

    /// Makes a worker's stages; the simulator calls it too.
    pub(crate) fn shift(&self, seat: SeatId) -> Shift {
        let worker = seat.worker();
        let runner = |post: &Option<Post>| {
            let post = post.as_ref()?;
            let runs_here = post.home.is_none_or(|home| home == worker);
            runs_here.then(|| post.recruit.runner(seat))
        };
        Shift::new(
            worker,
            Arc::clone(&self.site),
            Arc::clone(&self.around.roster),
            self.posts.iter().map(runner).collect(),
            &self.shares,
        )
    }

    const fn leaves_after(&self, worker: usize) -> Option<Duration> {
        match self.kind {
            DomainKind::Blocking { min, .. } if worker >= min => Some(IDLE_MAX),
            _ => None,
        }
    }

    fn leave(&self, seat: Seat) {
        let worker = seat.id().worker();
        let mut cpu = self.cpu.lock();
        let place = cpu.threads.iter().position(|(of, _)| *of == worker);
        if let Some(place) = place {
            let (_, thread) = cpu.threads.swap_remove(place);
            cpu.past = cpu.past + thread.read().unwrap_or_default();
        }
        drop(cpu);
        if let Some(free) = self.seats.lock().get_mut(worker) {
            *free = Some(seat);
        }
        self.live.fetch_sub(1, Ordering::AcqRel);
        self.around.life.announce();
    }
}
