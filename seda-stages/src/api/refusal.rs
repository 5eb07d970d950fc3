//! Requests that are not done, and what their sender is told.

use std::fmt;
use std::time::Duration;

use seda_core::{Reason, Rejected};
use seda_io::http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::answer;
use crate::errors::kind::JobError;
use crate::job::id::InvalidJobId;

/// How long a client is asked to wait where nobody knows better.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request is not done: a status and a JSON object with `code`,
/// `message` and `details`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Value,
    header: Option<(&'static str, String)>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        Self {
            status,
            code,
            message,
            details: json!({}),
            header: None,
        }
    }

    /// There is nothing at `path`.
    pub fn nothing_at(path: &str) -> Self {
        let resources = "/jobs, /jobs/ID, /jobs/ID/stdout, /jobs/ID/stderr, /metrics, /graph, /stages, /stages/NAME, /bottleneck";
        let message = format!("there is nothing at `{path}`, look at {resources}");
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// No stage has that name.
    pub fn no_stage(name: &str) -> Self {
        let message = format!("there is no stage `{name}`, `/stages` lists them");
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// A text in the path names no job.
    pub fn no_job(error: &InvalidJobId) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", error.to_string())
    }

    /// The resource does not have the method.
    pub fn method(request: &Request, allowed: &[Method]) -> Self {
        let names: Vec<_> = allowed.iter().map(Method::as_str).collect();
        let message = format!(
            "`{}` cannot be asked to {}, write {}",
            request.target().path(),
            request.method(),
            names.join(" or ")
        );
        let refusal = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        );
        Self {
            header: Some(("Allow", names.join(", "))),
            ..refusal
        }
    }

    /// A value of the query makes no sense.
    pub fn query(name: &str, next: &str) -> Self {
        let message = format!("the query's `{name}` makes no sense, {next}");
        Self::new(StatusCode::BAD_REQUEST, "invalid_query", message)
    }

    /// The server has more to do than it can; `retry_after` if it is known.
    fn busy(stage: &str, retry_after: Option<Duration>) -> Self {
        let message = format!("stage `{stage}` has no room for more, try again later");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).retry_after(retry_after)
    }

    /// The server is stopping.
    fn closing() -> Self {
        let message = "the server is stopping, try again later".to_owned();
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "closing", message).retry_after(None)
    }

    /// The server is not quite there yet.
    pub fn starting() -> Self {
        let message = "the server is starting, try again".to_owned();
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "starting", message).retry_after(None)
    }

    /// Something that a job wrote cannot be read.
    pub fn unreadable(message: String) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "unreadable", message)
    }

    /// Returns the status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    fn retry_after(self, wait: Option<Duration>) -> Self {
        let wait = wait.unwrap_or(RETRY_AFTER);
        let seconds = wait.as_millis().div_ceil(1_000).max(1);
        Self {
            header: Some(("Retry-After", seconds.to_string())),
            ..self
        }
    }
}

impl<E> From<&Rejected<E>> for Refusal {
    /// Tells a server that is full from one that stops.
    fn from(rejected: &Rejected<E>) -> Self {
        match rejected.reason {
            Reason::Closed => Self::closing(),
            Reason::Full | Reason::Shed | Reason::Expired => {
                Self::busy(rejected.stage(), rejected.retry_after)
            }
        }
    }
}

impl From<&JobError> for Refusal {
    /// The details are those of the error.
    fn from(error: &JobError) -> Self {
        let mut details = serde_json::to_value(error).unwrap_or_default();
        if let Value::Object(members) = &mut details {
            for told_elsewhere in ["code", "message", "http_status"] {
                members.remove(told_elsewhere);
            }
        }
        let status = StatusCode::new(error.http_status());
        let refusal = Self {
            details,
            ..Self::new(
                status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                error.code(),
                error.to_string(),
            )
        };
        match refusal.status {
            StatusCode::SERVICE_UNAVAILABLE => refusal.retry_after(None),
            _ => refusal,
        }
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            status,
            code,
            message,
            details,
            header,
        } = refusal;
        let body = json!({"code": code, "message": message, "details": details});
        let header = header.as_ref();
        answer::json(
            status,
            header.map(|(name, value)| (*name, value.as_str())),
            &body,
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::json as description;

    fn body(response: &Response) -> Value {
        serde_json::from_slice(response.body()).unwrap()
    }

    #[test]
    fn details_are_those_of_the_error_and_nothing_is_told_twice() {
        let error = JobError::from(description::parse(b"{}").unwrap_err());
        let response = Response::from(Refusal::from(&error));
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let body = body(&response);
        assert_eq!(body["code"], "invalid_description");
        assert_eq!(body["message"], error.to_string());
        assert_eq!(body["details"]["faults"][0]["path"], "$");
        assert_eq!(body["details"].get("message"), None);
    }

    #[test]
    fn a_full_server_says_when_to_come_back() {
        let retry = |refusal: Refusal| {
            let response = Response::from(refusal);
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            response.headers().get("retry-after").unwrap().to_owned()
        };
        let full = JobError::TableFull { capacity: 3 };
        assert_eq!(retry(Refusal::from(&full)), "1");
        let wait = Some(Duration::from_millis(2_001));
        assert_eq!(retry(Refusal::busy("describe", wait)), "3");
        assert_eq!(retry(Refusal::busy("describe", Some(Duration::ZERO))), "1");
    }
}
