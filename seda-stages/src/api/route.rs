//! What an HTTP request asks for.
//!
//! | method | path | asks for |
//! |---|---|---|
//! | POST | `/jobs` | a job to be run |
//! | GET | `/jobs?state=S&limit=N` | the newest jobs |
//! | GET | `/jobs/ID` | one job |
//! | DELETE | `/jobs/ID` | one job to be ended |
//! | GET | `/jobs/ID/stdout`, `/jobs/ID/stderr` | what a job has written so far |
//! | GET | `/metrics` | figures of all stages for Prometheus |
//! | GET | `/graph?format=F` | the picture of all stages |
//! | GET | `/stages` | the figures of all stages, with what controllers have set and decided |
//! | GET | `/stages/NAME` | those of one stage |
//! | GET | `/bottleneck?format=F` | the stage that limits the others, and why |

use seda_io::http::{Method, Request};

use super::refusal::Refusal;
use crate::job::description::JobDescription;
use crate::job::filter::StateFilter;
use crate::job::id::JobId;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Runs the job that the body describes.
    Submit,
    /// Something about jobs that the server knows.
    Ask(Question),
    /// Something about the server itself.
    Observe(View),
}

/// What is asked about jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The newest jobs of a choice.
    List {
        /// Which.
        state: StateFilter,
        /// How many at most.
        limit: usize,
    },
    /// One job.
    Show(JobId),
    /// What one job has written.
    Output(JobId, Stream),
    /// The end of one job.
    Cancel(JobId),
}

/// One of the two streams that a job writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
}

impl Stream {
    /// Returns the file that a job names for it, if it does.
    pub fn file_of(self, job: &JobDescription) -> Option<&str> {
        match self {
            Self::Stdout => job.application.output.as_deref(),
            Self::Stderr => job.application.error.as_deref(),
        }
    }
}

/// What is asked about the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// Figures of all stages.
    Metrics,
    /// The picture of all stages.
    Graph(Form),
    /// All that is known of all stages.
    Stages,
    /// What limits the server just now.
    Bottleneck(Telling),
    /// All that is known of the stage of this name.
    Stage(String),
}

/// For whom something is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    /// For programs.
    #[default]
    Json,
    /// For people.
    Text,
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A page for browsers.
    #[default]
    Page,
    /// The drawing alone.
    Svg,
    /// For Graphviz.
    Dot,
    /// For Markdown.
    Mermaid,
    /// For programs.
    Json,
}

/// Jobs in a list unless it is said how many.
const LIST_DEFAULT: usize = 100;
/// Jobs in a list at most: some 200 kB of JSON.
pub const LIST_MAX: usize = 1_000;

/// Reads what a request asks for. HEAD asks for what GET does.
///
/// # Errors
///
/// Says what is wrong with it: no such resource (404), a method that the
/// resource does not have (405), or a query that makes no sense (400).
///
/// # Examples
///
/// ```
/// use seda_io::http::{Method, Request, Target};
/// use seda_stages::api::route::{Question, Route, of};
///
/// let target = Target::parse("/jobs/job-7").ok_or("no target")?;
/// let seven = "job-7".parse()?;
/// let show = of(&Request::new(Method::Get, target.clone()))?;
/// assert_eq!(show, Route::Ask(Question::Show(seven)));
/// let refused = of(&Request::new(Method::Put, target)).unwrap_err();
/// assert_eq!(refused.to_string(), "`/jobs/job-7` cannot be asked to PUT, write GET or DELETE");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn of(request: &Request) -> Result<Route, Refusal> {
    let path = request.target().path();
    let mut parts = path.strip_prefix('/').unwrap_or(path).split('/');
    let named = (parts.next(), parts.next(), parts.next(), parts.next());
    let allows = |methods| allow(request, methods);
    match named {
        (Some("jobs"), None | Some(""), None, None) => {
            if allows(&[Method::Get, Method::Post])? == Method::Post {
                return Ok(Route::Submit);
            }
            list(&Query::of(request)).map(Route::Ask)
        }
        (Some("jobs"), Some(id), None, None) => {
            let id = job(id)?;
            Ok(Route::Ask(match allows(&[Method::Get, Method::Delete])? {
                Method::Delete => Question::Cancel(id),
                _ => Question::Show(id),
            }))
        }
        (Some("jobs"), Some(id), Some(name), None) => {
            let id = job(id)?;
            let stream = match name {
                "stdout" => Stream::Stdout,
                "stderr" => Stream::Stderr,
                _ => return Err(Refusal::nothing_at(path)),
            };
            allows(&[Method::Get])?;
            Ok(Route::Ask(Question::Output(id, stream)))
        }
        (Some("metrics"), None, None, None) => {
            allows(&[Method::Get])?;
            Ok(Route::Observe(View::Metrics))
        }
        (Some("graph"), None, None, None) => {
            allows(&[Method::Get])?;
            let form = form(Query::of(request).value("format"))?;
            Ok(Route::Observe(View::Graph(form)))
        }
        (Some("bottleneck"), None, None, None) => {
            allows(&[Method::Get])?;
            let telling = telling(Query::of(request).value("format"))?;
            Ok(Route::Observe(View::Bottleneck(telling)))
        }
        (Some("stages"), None | Some(""), None, None) => {
            allows(&[Method::Get])?;
            Ok(Route::Observe(View::Stages))
        }
        (Some("stages"), Some(name), None, None) => {
            allows(&[Method::Get])?;
            Ok(Route::Observe(View::Stage(name.to_owned())))
        }
        _ => Err(Refusal::nothing_at(path)),
    }
}

/// Gives the method if the resource has it.
fn allow(request: &Request, methods: &[Method]) -> Result<Method, Refusal> {
    let asked = match request.method() {
        Method::Head => &Method::Get,
        other => other,
    };
    if methods.contains(asked) {
        Ok(asked.clone())
    } else {
        Err(Refusal::method(request, methods))
    }
}

fn job(text: &str) -> Result<JobId, Refusal> {
    text.parse().map_err(|error| Refusal::no_job(&error))
}

fn list(query: &Query<'_>) -> Result<Question, Refusal> {
    let state = query.value("state").map_or(Ok(StateFilter::All), |text| {
        text.parse()
            .map_err(|error| Refusal::query("state", &format!("{error}")))
    })?;
    let limit = query.value("limit").map_or(Ok(LIST_DEFAULT), |text| {
        let limit = text.parse().ok();
        limit
            .filter(|limit| (1..=LIST_MAX).contains(limit))
            .ok_or_else(|| Refusal::query("limit", &format!("write a number from 1 to {LIST_MAX}")))
    })?;
    Ok(Question::List { state, limit })
}

fn form(text: Option<&str>) -> Result<Form, Refusal> {
    Ok(match text {
        None | Some("html") => Form::Page,
        Some("svg") => Form::Svg,
        Some("dot") => Form::Dot,
        Some("mermaid") => Form::Mermaid,
        Some("json") => Form::Json,
        Some(_) => {
            let next = "write html, svg, dot, mermaid or json";
            return Err(Refusal::query("format", next));
        }
    })
}

fn telling(text: Option<&str>) -> Result<Telling, Refusal> {
    match text {
        None | Some("json") => Ok(Telling::Json),
        Some("text") => Ok(Telling::Text),
        Some(_) => Err(Refusal::query("format", "write json or text")),
    }
}

/// The query of a request. Nothing is decoded: no value that makes sense here
/// needs it.
struct Query<'r>(&'r str);

impl<'r> Query<'r> {
    fn of(request: &'r Request) -> Self {
        Self(request.target().query().unwrap_or_default())
    }

    /// Returns the last value of that name; names that nobody asks for are
    /// passed over, as caches and browsers add some.
    fn value(&self, name: &str) -> Option<&'r str> {
        let mut pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.rfind(|(key, _)| *key == name);
        found.map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use seda_io::http::Target;

    use super::*;

    fn read(method: Method, target: &str) -> Result<Route, u16> {
        let target = Target::parse(target).unwrap();
        of(&Request::new(method, target)).map_err(|refusal| refusal.status().code())
    }

    #[test]
    fn every_resource_is_found() {
        let id = JobId::FIRST;
        let rows = [
            ("/jobs/job-1", Question::Show(id)),
            ("/jobs/1", Question::Show(id)),
            ("/jobs/1/stdout", Question::Output(id, Stream::Stdout)),
            ("/jobs/1/stderr?x", Question::Output(id, Stream::Stderr)),
        ];
        for (target, question) in rows {
            assert_eq!(
                read(Method::Get, target),
                Ok(Route::Ask(question)),
                "{target}"
            );
            assert_eq!(
                read(Method::Head, target),
                Ok(Route::Ask(question)),
                "{target}"
            );
        }
        assert_eq!(read(Method::Post, "/jobs"), Ok(Route::Submit));
        let cancel = Route::Ask(Question::Cancel(id));
        assert_eq!(read(Method::Delete, "/jobs/job-1"), Ok(cancel));
        let metrics = Route::Observe(View::Metrics);
        assert_eq!(read(Method::Get, "/metrics"), Ok(metrics));
        let dot = Route::Observe(View::Graph(Form::Dot));
        assert_eq!(read(Method::Get, "/graph?format=dot"), Ok(dot));
        let page = Route::Observe(View::Graph(Form::Page));
        assert_eq!(read(Method::Get, "http://here/graph"), Ok(page));
        let all = Route::Observe(View::Stages);
        assert_eq!(read(Method::Get, "/stages"), Ok(all));
        let limits = Route::Observe(View::Bottleneck(Telling::Text));
        assert_eq!(read(Method::Get, "/bottleneck?format=text"), Ok(limits));
        let one = Route::Observe(View::Stage("submit".to_owned()));
        assert_eq!(read(Method::Get, "/stages/submit"), Ok(one));
    }

    #[test]
    fn lists_are_chosen_and_bounded() {
        let list = |state, limit| Ok(Route::Ask(Question::List { state, limit }));
        assert_eq!(read(Method::Get, "/jobs"), list(StateFilter::All, 100));
        assert_eq!(
            read(Method::Get, "/jobs/?state=live&limit=5&limit=7"),
            list(StateFilter::Live, 7)
        );
        for query in [
            "state=runing",
            "limit=0",
            "limit=1001",
            "limit=",
            "limit=-1",
        ] {
            assert_eq!(
                read(Method::Get, &format!("/jobs?{query}")),
                Err(400),
                "{query}"
            );
        }
    }

    #[test]
    fn what_there_is_not_is_told_from_what_is_not_allowed() {
        for target in [
            "/",
            "/job",
            "/jobs/x",
            "/jobs/1/out",
            "/jobs/1/stdout/2",
            "/jobs/../1",
        ] {
            assert_eq!(read(Method::Get, target), Err(404), "{target}");
        }
        for target in [
            "/jobs",
            "/jobs/1",
            "/jobs/1/stdout",
            "/metrics",
            "/graph",
            "/stages",
            "/stages/submit",
            "/bottleneck",
        ] {
            assert_eq!(read(Method::Patch, target), Err(405), "{target}");
        }
        assert_eq!(read(Method::Delete, "/jobs"), Err(405));
        assert_eq!(read(Method::Get, "/graph?format=png"), Err(400));
        assert_eq!(read(Method::Get, "/bottleneck?format=svg"), Err(400));
    }
}
