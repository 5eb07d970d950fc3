//! The words of `seda lab run` and `seda lab sweep`: a load on a server.

use std::mem;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::Arg::{Long, Short};
use lexopt::Parser;
use seda_io::http::{Method, Request};
use seda_lab::generator::{Aim, Course, Flood, Keep, Mix, Sweep, Traffic};
use seda_lab::scenario::{Clients, Moment, Retries, Spacing};

use super::figures::{not_negative, parts, positive, time, whole};
use super::{Lab, Lines, lines};
use crate::args::usage::{self, UsageError, text, unknown};

const LOAD_OPTIONS: [&str; 28] = [
    "--target",
    "--rate",
    "--clients",
    "--seconds",
    "--warm-up",
    "--arrivals",
    "--slo",
    "--timeout",
    "--connections",
    "--seed",
    "--cpu",
    "--think",
    "--jitter",
    "--requests-per-connection",
    "--session",
    "--retries",
    "--backoff",
    "--retry-budget",
    "--classes",
    "--class-header",
    "--method",
    "--header",
    "--body",
    "--out",
    "--hdr-log",
    "--output",
    "--help",
    "-o",
];
const SWEEP_OPTIONS: [&str; 5] = ["--from", "--to", "--points", "--seeds", "--capacity"];
const ARRIVALS: [&str; 5] = ["poisson", "uniform", "burst", "ramp", "trace:FILE"];

/// A load on a server, and where its record goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// What to do.
    pub course: Course,
    /// The file that the record is written to.
    pub out: Option<PathBuf>,
    /// The file that its latencies are written to, second by second.
    pub hdr_log: Option<PathBuf>,
    /// What is printed.
    pub lines: Lines,
}

/// The loads of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Loads {
    /// The loads, as parts of the capacity.
    pub sweep: Sweep,
    /// Requests per second that the server can do; measured when it is not given.
    pub capacity: Option<f64>,
}

/// What was written, before it is put together.
#[derive(Debug, Default)]
struct Words {
    target: Option<String>,
    rate: Option<f64>,
    clients: Option<u32>,
    seconds: Option<f64>,
    warm_up: Option<f64>,
    arrivals: Option<String>,
    slo: Option<Duration>,
    timeout: Option<Duration>,
    connections: Option<usize>,
    seed: Option<u64>,
    cpu: Option<usize>,
    client: Clients,
    jitter: Moment,
    session: Option<u32>,
    retries: Option<u32>,
    backoff: Moment,
    budget: Option<f64>,
    mix: Mix,
    method: Option<String>,
    headers: Vec<String>,
    body: Option<String>,
    out: Option<PathBuf>,
    hdr_log: Option<PathBuf>,
    lines: Lines,
}

/// Reads the words after `lab run`.
pub(super) fn run(parser: &mut Parser) -> Result<Option<Lab>, UsageError> {
    let mut words = Words::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("help") | Short('h') => return Ok(None),
            Long(name) => {
                let name = format!("--{name}");
                if !words.take(&name, parser)? {
                    return Err(unknown("option", &name, &LOAD_OPTIONS));
                }
            }
            Short('o') => words.lines = lines(&text(parser.value()?)?)?,
            other => return Err(usage::unexpected(&other, &LOAD_OPTIONS)),
        }
    }
    let traffic = words.traffic()?;
    Ok(Some(Lab::Run(Box::new(words.live(traffic)?))))
}

/// Reads the words after `lab sweep`.
pub(super) fn sweep(parser: &mut Parser) -> Result<Option<Lab>, UsageError> {
    let mut words = Words {
        seconds: Some(5.0),
        ..Words::default()
    };
    let (mut sweep, mut capacity) = (Sweep::default(), None);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("help") | Short('h') => return Ok(None),
            Long("from") => sweep.from = positive("--from", parser)?,
            Long("to") => sweep.to = positive("--to", parser)?,
            Long("points") => sweep.points = whole("--points", parser, 1)?,
            Long("seeds") => sweep.seeds = whole("--seeds", parser, 1)?,
            Long("capacity") => capacity = Some(positive("--capacity", parser)?),
            Long(name) => {
                let name = format!("--{name}");
                let load = !["--rate", "--clients"].contains(&name.as_str());
                if !(load && words.take(&name, parser)?) {
                    return Err(unknown("option", &name, &SWEEP_OPTIONS));
                }
            }
            Short('o') => words.lines = lines(&text(parser.value()?)?)?,
            other => return Err(usage::unexpected(&other, &SWEEP_OPTIONS)),
        }
    }
    if sweep.from > sweep.to {
        return Err(UsageError::new(
            "`--from` is above `--to`",
            "write the smaller load first, such as `--from 0.1 --to 10`",
        ));
    }
    // Each run has a rate of its own.
    words.rate = Some(1.0);
    let traffic = words.traffic()?;
    let live = Box::new(words.live(traffic)?);
    Ok(Some(Lab::Sweep(live, Loads { sweep, capacity })))
}

impl Words {
    /// Takes the value of an option; false if there is none of this name.
    fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, UsageError> {
        match name {
            "--target" => self.target = Some(text(parser.value()?)?),
            "--rate" => self.rate = Some(positive(name, parser)?),
            "--clients" => self.clients = Some(whole(name, parser, 1)?),
            "--seconds" => self.seconds = Some(positive(name, parser)?),
            "--warm-up" => self.warm_up = Some(not_negative(name, parser)?),
            "--arrivals" => self.arrivals = Some(text(parser.value()?)?),
            "--slo" => self.slo = Some(time(name, parser)?.0),
            "--timeout" => self.timeout = Some(time(name, parser)?.0),
            "--connections" => self.connections = Some(whole(name, parser, 1)?),
            "--seed" => self.seed = Some(whole(name, parser, 0)?),
            "--cpu" => self.cpu = Some(whole(name, parser, 0)?),
            "--out" => self.out = Some(parser.value()?.into()),
            "--hdr-log" => self.hdr_log = Some(parser.value()?.into()),
            "--output" => self.lines = lines(&text(parser.value()?)?)?,
            _ => return self.take_habit(name, parser),
        }
        Ok(true)
    }

    /// Takes what clients do and send.
    fn take_habit(&mut self, name: &str, parser: &mut Parser) -> Result<bool, UsageError> {
        match name {
            "--think" => self.client.think = time(name, parser)?,
            "--jitter" => self.jitter = time(name, parser)?,
            "--requests-per-connection" => {
                self.client.requests_per_connection = whole(name, parser, 0)?;
            }
            "--session" => self.session = Some(whole(name, parser, 1)?),
            "--retries" => self.retries = Some(whole(name, parser, 0)?),
            "--backoff" => self.backoff = time(name, parser)?,
            "--retry-budget" => self.budget = Some(not_negative(name, parser)?),
            "--classes" => self.mix.parts = parts(name, parser)?,
            "--class-header" => {
                let header = text(parser.value()?)?;
                self.mix = mem::take(&mut self.mix).told_by(&header);
            }
            "--method" => self.method = Some(text(parser.value()?)?),
            "--header" => self.headers.push(text(parser.value()?)?),
            "--body" => self.body = Some(text(parser.value()?)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn traffic(&self) -> Result<Traffic, UsageError> {
        match (self.rate, self.clients) {
            (Some(rate), None) => {
                let spacing = self.spacing()?;
                let flow = Flood {
                    spacing,
                    ..Flood::poisson(rate)
                };
                let client = self.client();
                Ok(match self.session {
                    Some(requests) => Traffic::Sessions {
                        flow,
                        requests,
                        client,
                    },
                    None => Traffic::Open {
                        flow,
                        retries: self.tries(),
                    },
                })
            }
            (None, Some(clients)) => Ok(Traffic::Closed {
                clients,
                client: self.client(),
                joined: Vec::new(),
            }),
            _ => Err(UsageError::new(
                "`seda lab run` needs a load",
                "write `--rate N` for requests per second whatever becomes of them, \
                 or `--clients N` for clients that wait for their answers",
            )),
        }
    }

    fn client(&self) -> Clients {
        Clients {
            jitter: self.jitter,
            ..self.client.clone()
        }
    }

    fn spacing(&self) -> Result<Spacing, UsageError> {
        Ok(match self.arrivals.as_deref() {
            None | Some("poisson") => Spacing::Poisson,
            Some("uniform") => Spacing::Uniform,
            Some("burst") => Spacing::Burst {
                low: 0.5,
                high: 1.5,
                dwell: Moment(Duration::from_millis(500)),
            },
            Some("ramp") => Spacing::Ramp { from: 0.0, to: 1.0 },
            Some(word) => match word.strip_prefix("trace:") {
                Some(file) => Spacing::Trace {
                    file: file.to_owned(),
                },
                None => return Err(unknown("arrivals", word, &ARRIVALS)),
            },
        })
    }

    fn tries(&self) -> Option<Retries> {
        self.retries.map(|times| Retries {
            timeout: Moment(self.timeout.unwrap_or(Duration::from_secs(1))),
            times,
            backoff: self.backoff,
            budget: self.budget,
        })
    }

    fn live(self, traffic: Traffic) -> Result<Live, UsageError> {
        let target = self.target.as_deref().ok_or_else(|| {
            UsageError::new(
                "there is no target",
                "write `--target http://HOST:PORT/PATH`",
            )
        })?;
        let aim = Aim::get(target).ok_or_else(|| {
            UsageError::new(
                format!("`--target` cannot be `{target}`"),
                "write a URL, such as http://127.0.0.1:8080/",
            )
        })?;
        let aim = Aim {
            request: self.request(&aim.request)?,
            ..aim
        };
        let usual = Course::new(aim, traffic);
        let seconds =
            |written: Option<f64>, usual: Duration| written.map_or(usual, Duration::from_secs_f64);
        let course = Course {
            warm_up: seconds(self.warm_up, usual.warm_up),
            measured: seconds(self.seconds, usual.measured),
            slo: self.slo.unwrap_or(usual.slo),
            timeout: self.timeout.unwrap_or(usual.timeout),
            connections: self.connections.unwrap_or(usual.connections),
            mix: self.mix,
            seed: self.seed.unwrap_or(usual.seed),
            keep: match self.hdr_log {
                Some(_) => Keep::Intervals,
                None => Keep::Sums,
            },
            cpu: self.cpu,
            ..usual
        };
        Ok(Live {
            course,
            out: self.out,
            hdr_log: self.hdr_log,
            lines: self.lines,
        })
    }

    fn request(&self, get: &Request) -> Result<Request, UsageError> {
        let method = self.method.as_deref().unwrap_or("GET");
        let method = Method::parse(method).ok_or_else(|| {
            UsageError::new(
                format!("`--method` cannot be `{method}`"),
                "write one such as GET or POST",
            )
        })?;
        let mut request = Request::new(method, get.target().clone());
        for header in &self.headers {
            let wrong = || {
                UsageError::new(
                    format!("`--header` cannot be `{header}`"),
                    "write `Name: value`; what is about the connection is the client's own",
                )
            };
            let (name, value) = header.split_once(':').ok_or_else(wrong)?;
            request = request
                .with_header(name.trim(), value.trim())
                .map_err(|_| wrong())?;
        }
        let body = self.body.clone().unwrap_or_default();
        Ok(request.with_body(body.into_bytes()))
    }
}
