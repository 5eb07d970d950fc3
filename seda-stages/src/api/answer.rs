//! How requests about jobs are answered.

use seda_io::http::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;

use crate::errors::kind::JobError;
use crate::job::exit::Exit;
use crate::job::id::JobId;
use crate::job::moment::Moment;
use crate::job::record::JobRecord;
use crate::job::registry::CancelAnswer;
use crate::job::state::JobState;
use crate::target::TargetName;

/// A job as a line of a list shows it.
#[derive(Debug, Serialize)]
struct Line<'r> {
    id: JobId,
    state: JobState,
    name: Option<&'r str>,
    executable: &'r str,
    target: Option<&'r TargetName>,
    submitted_at: Option<Moment>,
    changed_at: Option<Moment>,
    exit: Option<Exit>,
    failure: Option<&'static str>,
}

impl<'r> From<&'r JobRecord> for Line<'r> {
    fn from(record: &'r JobRecord) -> Self {
        let description = record.description();
        let history = || record.history();
        Self {
            id: record.id(),
            state: record.state(),
            name: description.identification.job_name.as_deref(),
            executable: &description.application.executable.path,
            target: record.target(),
            submitted_at: history().next().map(|step| step.at),
            changed_at: history().last().map(|step| step.at),
            exit: record.exit(),
            failure: record.failure().map(JobError::code),
        }
    }
}

/// A new job: 201, where it is, and all that is known of it.
pub fn created(record: &JobRecord) -> Response {
    let location = format!("/jobs/{}", record.id());
    json(StatusCode::CREATED, Some(("Location", &location)), record)
}

/// One job.
pub fn shown(record: &JobRecord) -> Response {
    json(StatusCode::OK, None, record)
}

/// A list of jobs; `total` says how many there are beside those shown.
pub fn listed<'r>(records: impl Iterator<Item = &'r JobRecord>, total: usize) -> Response {
    let jobs: Vec<Line<'r>> = records.map(Line::from).collect();
    json(StatusCode::OK, None, &json!({"jobs": jobs, "total": total}))
}

/// A job that someone wants ended: 200 if it has ended, 202 while it has not.
pub fn cancelled(answer: CancelAnswer, record: &JobRecord) -> Response {
    let status = match answer {
        CancelAnswer::AlreadyEnded(_) => StatusCode::OK,
        CancelAnswer::Asked(_) | CancelAnswer::AlreadyAsked(_) if record.state().is_ended() => {
            StatusCode::OK
        }
        CancelAnswer::Asked(_) | CancelAnswer::AlreadyAsked(_) => StatusCode::ACCEPTED,
    };
    json(status, None, record)
}

/// Makes an answer of JSON with at most one more header field.
pub fn json(status: StatusCode, header: Option<(&str, &str)>, body: &impl Serialize) -> Response {
    let mut body = serde_json::to_vec(body).unwrap_or_default();
    body.push(b'\n');
    headed(status, "application/json", header).with_body(body)
}

/// Makes an answer of one media type, without a body yet.
pub fn headed(status: StatusCode, media_type: &str, header: Option<(&str, &str)>) -> Response {
    let typed = Some(("Content-Type", media_type));
    let fields = typed.into_iter().chain(header);
    fields.fold(Response::new(status), |response, (name, value)| {
        let plain = response.clone();
        // Names are literals and values hold no line ends.
        response.with_header(name, value).unwrap_or(plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::json as description;

    fn record() -> JobRecord {
        let job = description::parse(br#"{"name": "n", "executable": "a"}"#).unwrap();
        JobRecord::new(JobId::FIRST, job, Moment::from_unix_millis(0))
    }

    #[test]
    fn a_new_job_says_where_it_is() {
        let response = created(&record());
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers().get("location"), Some("/jobs/job-1"));
        assert_eq!(
            response.headers().get("content-type"),
            Some("application/json")
        );
    }

    #[test]
    fn a_list_shows_lines_and_says_how_many_there_are() {
        let record = record();
        let response = listed([&record].into_iter(), 7);
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["total"], 7);
        assert_eq!(body["jobs"][0]["id"], "job-1");
        assert_eq!(body["jobs"][0]["submitted_at"], "1970-01-01T00:00:00.000Z");
        assert_eq!(body["jobs"][0].get("description"), None);
    }

    #[test]
    fn asked_is_told_from_ended() {
        let status = |answer, record: &JobRecord| cancelled(answer, record).status().code();
        let mut record = record();
        assert_eq!(status(CancelAnswer::Asked(JobState::Running), &record), 202);
        record
            .advance(JobState::Killed, "cancelled", Moment::from_unix_millis(1))
            .unwrap();
        assert_eq!(status(CancelAnswer::Asked(JobState::Queuing), &record), 200);
        assert_eq!(
            status(CancelAnswer::AlreadyEnded(JobState::Killed), &record),
            200
        );
    }
}
