//! One course from beginning to end: the graph that generates the load, and what it has seen.

use std::error::Error;
use std::fmt;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seda_core::{BoxError, Clock, Graph, Overflow, Plan, Running, Stage, Tick};
use seda_io::Reactor;
use seda_io::http::{Answered, Caller, ClientLimits, ClientTimeouts, HttpClient, Request};
use seda_io::net::Names;
use seda_io::tls::TlsClient;

use super::berth;
use super::course::{Aim, Course, Flood, Keep, Traffic};
use super::cpu_meter::CpuMeter;
use super::crowd::{Crowd, Stand};
use super::desk::{DOUBLINGS_MAX, Desk, Habits, Rules, nanos};
use super::errand::{Due, End, Happening, What};
use super::gauge::{Apart, Gauge};
use super::moments::Moments;
use super::pacer::{Agenda, Pacer};
use super::progress::{Progress, Seen};
use super::residents::Residents;
use super::window::Window;
use crate::record::Run;
use crate::scenario::{Clients, Retries};

/// Between the start of the threads and the first request.
const RUN_UP: Duration = Duration::from_millis(20);
/// How often who waits for a run is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How long after its last timeout a run must have ended.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a server has to accept a first connection.
const REACH_WITHIN: Duration = Duration::from_secs(5);
/// Events that wait for the clients beside one for each connection: what is due
/// while the generator is behind waits with its source.
const QUEUE: usize = 4_096;

/// Says why there is no run.
#[derive(Debug)]
pub enum CourseError {
    /// What was asked for makes no sense here, and what to do about it.
    Usage(String),
    /// The server accepts no connection.
    Unreachable(String),
    /// The generator has failed.
    Broken(BoxError),
}

impl fmt::Display for CourseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) | Self::Unreachable(what) => f.write_str(what),
            Self::Broken(error) => write!(f, "the generator has failed: {error}"),
        }
    }
}

impl Error for CourseError {}

impl Aim {
    /// Tells whether the server accepts a connection.
    ///
    /// # Blocking
    ///
    /// For at most five seconds for each of its addresses.
    ///
    /// # Errors
    ///
    /// [`CourseError::Unreachable`] if not, with what the system says.
    pub fn reach(&self) -> Result<(), CourseError> {
        let (host, port) = (self.origin.host(), self.origin.port());
        let unreachable = |why: String| {
            let origin = &self.origin;
            CourseError::Unreachable(format!(
                "{origin} cannot be reached: {why}; start it, or name another with `--target`"
            ))
        };
        let found = (host, port).to_socket_addrs();
        let found = found.map_err(|error| unreachable(error.to_string()))?;
        let mut why = "its name has no address".to_owned();
        for address in found {
            match TcpStream::connect_timeout(&address, REACH_WITHIN) {
                Ok(_) => return Ok(()),
                Err(error) => why = error.to_string(),
            }
        }
        Err(unreachable(why))
    }
}

impl Course {
    /// Generates the load, and returns what became of it. `told` hears ten times a
    /// second how far it is.
    ///
    /// # Blocking
    ///
    /// As long as the course is, and until its last requests have ended.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached at first, and when what is asked for makes
    /// no sense. A server that goes away later is what the run shows.
    pub fn run(&self, told: &mut dyn FnMut(Seen)) -> Result<Run, CourseError> {
        self.check()?;
        // Before anybody is asked, since it may be what cannot be sent.
        self.requests()?;
        self.aim.reach()?;
        let connections = self.connections();
        berth::reserve_descriptors(connections).map_err(usage)?;
        let start = Clock::real().now().after(RUN_UP);
        let progress = Arc::new(Progress::default());
        let (tell, read) = channel();
        let graph = self.graph(start, &progress, tell)?;
        let plan = Plan::default().workers(1);
        let running = berth::bound(self.cpu, || graph.start(plan)).map_err(usage)?;
        let running = running.map_err(|error| CourseError::Broken(error.into()))?;
        let run = self.wait(&read, &progress, told);
        end(&running)?;
        let run = run?;
        Ok(match self.traffic {
            Traffic::Closed { clients, .. } => Run {
                clients: Some(u64::from(clients)),
                ..run
            },
            Traffic::Open { .. } | Traffic::Sessions { .. } => run,
        })
    }

    fn check(&self) -> Result<(), CourseError> {
        let wrong = |what: &str| Err(CourseError::Usage(what.to_owned()));
        match &self.traffic {
            Traffic::Closed { clients: 0, .. } => wrong("no clients ask for nothing; give some"),
            Traffic::Sessions { requests: 0, .. } => wrong("a session has at least one request"),
            _ if self.measured.is_zero() => wrong("a run counts for some time; give it some"),
            _ if self.connections == 0 => wrong("there must be a connection; give one at least"),
            _ => Ok(()),
        }
    }

    fn graph(
        &self,
        start: Tick,
        progress: &Arc<Progress>,
        tell: Sender<Run>,
    ) -> Result<Graph, CourseError> {
        let mut graph = Graph::new("generator");
        Reactor::install_punctual(&mut graph);
        let connections = self.connections();
        let clients = graph.declare("clients", QUEUE + connections);
        let answers = graph.stage("answers").each_with(|wire| {
            let clients = wire.to(&clients).overflow(Overflow::Defer);
            move |answered: Answered<usize>| {
                let end = End::of(&answered);
                let ticket = answered.token;
                Ok(clients.enqueue(Happening::Ended { ticket, end })?)
            }
        });
        let caller = self.client(&mut graph, &answers)?;
        let residents = Residents::of(self, start);
        let agenda = self.first(start, &residents);
        let until = start.after(self.whole());
        let crowd = Crowd {
            origin: self.aim.origin.clone(),
            requests: self.requests()?,
            desk: Desk::new(self.rules(until), residents.leaves()),
            gauge: Some(self.gauge(start, residents.comparable()).map_err(broken)?),
            closing: caller.closing(),
            caller,
            agenda: agenda.clone(),
            clock: Clock::real(),
            progress: Arc::clone(progress),
            read: tell,
            cpu: CpuMeter::new(start.after(self.warm_up), until),
        };
        let mut crowd = Some(crowd);
        graph.define(&clients).solo(move |_| Stand(crowd.take()));
        let moments = self.moments()?;
        graph
            .source("schedule")
            .solo(|wire| Pacer::new(moments, start, agenda, wire.to(&clients)));
        Ok(graph)
    }

    fn client(
        &self,
        graph: &mut Graph,
        answers: &Stage<Answered<usize>>,
    ) -> Result<Caller<usize>, CourseError> {
        let connections = self.connections();
        let limits = ClientLimits {
            requests_max: connections,
            requests_per_origin_max: connections,
            connections_per_origin_max: connections,
            connections_max: connections,
            timeouts: ClientTimeouts {
                connect: self.patience(),
                whole: self.patience(),
                ..ClientTimeouts::default()
            },
            ..ClientLimits::default()
        };
        let mut client = HttpClient::new(limits);
        if self.aim.has_name() {
            client = client.with_names(&Names::attach(graph, "names"));
        }
        if self.aim.origin.is_secure() {
            client = client.with_tls(TlsClient::system().map_err(broken)?);
        }
        Ok(client.attach(graph, "http", answers))
    }

    fn gauge(&self, start: Tick, clients: usize) -> Result<Gauge, hdrhistogram::CreationError> {
        let window = Window {
            from: start.after(self.warm_up).as_nanos(),
            until: start.after(self.whole()).as_nanos(),
            slo: nanos(self.slo),
        };
        let apart = Apart {
            clients,
            classes: self.mix.count(),
            intervals_from: (self.keep == Keep::Intervals).then(|| on_the_wall(window.from)),
        };
        Gauge::new(window, apart)
    }

    fn rules(&self, until: Tick) -> Rules {
        let habits = |client: &Clients, requests| Habits {
            think: nanos(client.think.0),
            jitter: nanos(client.jitter.0),
            per_connection: client.requests_per_connection,
            requests,
        };
        let clients = match &self.traffic {
            Traffic::Open { .. } => None,
            Traffic::Sessions {
                requests, client, ..
            } => Some(habits(client, Some(*requests))),
            Traffic::Closed { client, .. } => Some(habits(client, None)),
        };
        Rules {
            connections: self.connections(),
            timeout: nanos(self.patience()),
            end: until.as_nanos(),
            retries: self.retries().cloned(),
            clients,
            parts: self.mix.parts.clone(),
            seed: self.seed,
        }
    }

    fn requests(&self) -> Result<Vec<Request>, CourseError> {
        let requests = self.mix.requests(&self.aim.request);
        requests.map_err(CourseError::Usage)
    }

    fn flood(&self) -> Option<&Flood> {
        match &self.traffic {
            Traffic::Open { flow, .. } | Traffic::Sessions { flow, .. } => Some(flow),
            Traffic::Closed { .. } => None,
        }
    }

    fn moments(&self) -> Result<Option<Moments>, CourseError> {
        let times = [self.warm_up, self.measured];
        let draw = |flood| Moments::draw(flood, times, self.seed);
        self.flood()
            .map(draw)
            .transpose()
            .map_err(CourseError::Usage)
    }

    /// Makes the agenda with what is on it from the beginning: the end, and the
    /// first turns of clients.
    fn first(&self, start: Tick, residents: &Residents) -> Agenda {
        let agenda = Agenda::default();
        let what = What::Over;
        let at = start.after(self.whole()).as_nanos();
        agenda.add(Due { at, what });
        residents.turns().for_each(|turn| agenda.add(turn));
        agenda
    }

    /// Waits for the run, and tells how far it is.
    fn wait(
        &self,
        read: &Receiver<Run>,
        progress: &Progress,
        told: &mut dyn FnMut(Seen),
    ) -> Result<Run, CourseError> {
        let (began, whole) = (Instant::now(), self.whole());
        let patience = (whole + PATIENCE).saturating_add(self.attempts());
        loop {
            let elapsed = began.elapsed();
            told(progress.read(elapsed, whole));
            match read.recv_timeout(TELL_EVERY) {
                Ok(run) => return Ok(run),
                Err(RecvTimeoutError::Timeout) if elapsed < patience => {}
                Err(error) => {
                    let seen = progress.read(elapsed, whole);
                    let what = format!("it did not come to an end ({error}): {seen:?}");
                    return Err(CourseError::Broken(what.into()));
                }
            }
        }
    }

    fn retries(&self) -> Option<&Retries> {
        match &self.traffic {
            Traffic::Open { retries, .. } => retries.as_ref(),
            Traffic::Sessions { .. } | Traffic::Closed { .. } => None,
        }
    }

    /// Returns how long a client waits for one attempt.
    fn patience(&self) -> Duration {
        self.retries()
            .map_or(self.timeout, |retries| retries.timeout.0)
    }

    /// Returns how long the attempts of one request take at most.
    fn attempts(&self) -> Duration {
        let waits = self.retries().map_or(0, |retries| retries.times);
        let backoff = self.retries().map_or(Duration::ZERO, |it| it.backoff.0);
        let waited = backoff.saturating_mul(1 << waits.min(DOUBLINGS_MAX));
        let tried = self.patience().saturating_mul(waits.saturating_add(1));
        tried.saturating_add(waited)
    }
}

/// Gives a moment of the clock after 1970-01-01 00:00 UTC.
fn on_the_wall(moment: u64) -> Duration {
    let to_come = moment.saturating_sub(Clock::real().now().as_nanos());
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default() + Duration::from_nanos(to_come)
}

/// Ends a graph whose run is over.
fn end(running: &Running) -> Result<(), CourseError> {
    running.drain(PATIENCE).map_err(broken)?;
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` passes")]
fn usage(error: std::io::Error) -> CourseError {
    CourseError::Usage(error.to_string())
}

fn broken(error: impl Into<BoxError>) -> CourseError {
    CourseError::Broken(error.into())
}
