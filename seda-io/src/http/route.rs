//! From method and path to the stage that answers.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use seda_core::{Batch, BoxError, Graph, Handler, Sink, Stage};

use super::exchange::{Exchange, Param};
use super::message::Response;
use super::method::Method;
use super::percent;
use super::status::StatusCode;

/// Which requests go to which stage.
///
/// A path has fixed segments and `{names}`, whose values the exchange then
/// [has](Exchange::param), decoded; `{*rest}` at the end takes all that is left.
/// Fixed segments go before names. `HEAD` goes where `GET` goes, and `OPTIONS` is
/// answered with the methods there are, unless they have routes of their own.
/// Everything else is answered 404, or 405 with `Allow`; and 503 when the stage
/// refuses the exchange.
///
/// # Examples
///
/// ```
/// use seda_core::Graph;
/// use seda_io::http::{Exchange, Method, Response, Routes, StatusCode};
///
/// let mut graph = Graph::new("jobs");
/// let show = graph.stage("show").each(|exchange: Exchange| {
///     let text = format!("job {}\n", exchange.param("id").unwrap_or("?"));
///     exchange.respond(Response::text(StatusCode::OK, text));
///     Ok(())
/// });
/// let requests = Routes::new()
///     .to(Method::Get, "/jobs/{id}", &show)?
///     .attach(&mut graph, "route");
/// # let _ = requests;
/// # Ok::<(), seda_io::http::RouteError>(())
/// ```
#[derive(Debug, Default)]
pub struct Routes {
    stages: Vec<Stage<Exchange>>,
    /// Paths in the order they were given.
    paths: Vec<Path>,
    tree: matchit::Router<usize>,
}

/// What may be asked at one path.
#[derive(Clone, Debug)]
struct Path {
    pattern: String,
    /// The stage for each method.
    methods: Vec<(Method, usize)>,
}

impl Routes {
    /// Makes routes that lead nowhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends requests with this method and path to `stage`.
    ///
    /// # Errors
    ///
    /// [`RouteError`] when the path is malformed, or another route has it.
    pub fn to(
        mut self,
        method: Method,
        pattern: &str,
        stage: &Stage<Exchange>,
    ) -> Result<Self, RouteError> {
        let error = |why: &str| RouteError {
            route: format!("{} {pattern}", method.as_str()),
            why: why.to_owned(),
        };
        if !pattern.starts_with('/') {
            return Err(error("a path begins with `/`"));
        }
        let index = self.index_of(pattern);
        let index = index.map_err(|why| error(&why.to_string()))?;
        let methods = self.paths.get_mut(index).map(|path| &mut path.methods);
        let Some(methods) = methods.filter(|all| all.iter().all(|(have, _)| *have != method))
        else {
            return Err(error("there is such a route already"));
        };
        methods.push((method, self.stages.len()));
        self.stages.push(stage.clone());
        Ok(self)
    }

    /// Gives the place of a path, which it has from now on if it had none.
    fn index_of(&mut self, pattern: &str) -> Result<usize, matchit::InsertError> {
        let known = self.paths.iter().position(|path| path.pattern == pattern);
        if let Some(index) = known {
            return Ok(index);
        }
        let index = self.paths.len();
        self.tree.insert(pattern, index)?;
        self.paths.push(Path {
            pattern: pattern.to_owned(),
            methods: Vec::new(),
        });
        Ok(index)
    }

    /// Adds the stage `name` to the graph, for which requests are to be enqueued.
    pub fn attach(self, graph: &mut Graph, name: &str) -> Stage<Exchange> {
        let Self {
            stages,
            paths,
            tree,
        } = self;
        graph.stage(name).handler_with(|wire| Router {
            sinks: stages.iter().map(|stage| wire.to(stage)).collect(),
            paths: paths.into(),
            tree: Arc::new(tree),
        })
    }
}

/// Says which route cannot be, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteError {
    route: String,
    why: String,
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "route `{}`: {}", self.route, self.why)
    }
}

impl Error for RouteError {}

/// Looks up the stage of each exchange.
#[derive(Clone, Debug)]
struct Router {
    sinks: Vec<Sink<Exchange>>,
    paths: Arc<[Path]>,
    tree: Arc<matchit::Router<usize>>,
}

impl Handler for Router {
    type Event = Exchange;

    fn handle(&mut self, batch: &mut Batch<Exchange>) -> Result<(), BoxError> {
        for exchange in batch {
            self.route(exchange);
        }
        Ok(())
    }
}

impl Router {
    fn route(&self, mut exchange: Exchange) {
        let asked = exchange.request().target().path();
        if asked == "*" && *exchange.request().method() == Method::Options {
            // Of the server as a whole (RFC 9110 §9.3.7).
            return exchange.respond(Response::new(StatusCode::NO_CONTENT));
        }
        let Ok(found) = self.tree.at(asked) else {
            return exchange.respond(not_found());
        };
        let Some(path) = self.paths.get(*found.value) else {
            return exchange.respond(not_found());
        };
        let Some(params) = decoded(&found.params) else {
            let text = "the path is not sound: % and UTF-8\n";
            return exchange.respond(Response::text(StatusCode::BAD_REQUEST, text));
        };
        let Some(sink) = self.sink(path, exchange.request().method()) else {
            let response = path.without(exchange.request().method());
            return exchange.respond(response);
        };
        exchange.set_params(params);
        if let Err(rejected) = sink.enqueue(exchange) {
            let response = Response::busy(rejected.retry_after);
            rejected.event.respond(response);
        }
    }

    fn sink(&self, path: &Path, method: &Method) -> Option<&Sink<Exchange>> {
        let of = |method: &Method| path.methods.iter().find(|(have, _)| have == method);
        let found = match (of(method), method) {
            (None, Method::Head) => of(&Method::Get),
            (found, _) => found,
        };
        self.sinks.get(found?.1)
    }
}

impl Path {
    /// Answers a method that has no route.
    fn without(&self, method: &Method) -> Response {
        let mut all: Vec<&str> = self.methods.iter().map(|(have, _)| have.as_str()).collect();
        for (implied, by) in [("HEAD", "GET"), ("OPTIONS", "")] {
            let follows = by.is_empty() || all.contains(&by);
            if follows && !all.contains(&implied) {
                all.push(implied);
            }
        }
        let response = match method {
            Method::Options => Response::new(StatusCode::NO_CONTENT),
            _ => Response::text(StatusCode::METHOD_NOT_ALLOWED, "not with this method\n"),
        };
        response.with_trusted("Allow", &all.join(", "))
    }
}

fn not_found() -> Response {
    Response::text(StatusCode::NOT_FOUND, "there is nothing of that name\n")
}

/// Copies the values of a path's names; none when one is no text.
fn decoded(params: &matchit::Params<'_, '_>) -> Option<Vec<Param>> {
    let decode = |(name, value): (&str, &str)| {
        let mut bytes = Vec::with_capacity(value.len());
        let sound = percent::decode(value, &mut bytes);
        let value = String::from_utf8(bytes).ok().filter(|_| sound)?;
        Some(Param {
            name: name.into(),
            value,
        })
    };
    params.iter().map(decode).collect()
}
