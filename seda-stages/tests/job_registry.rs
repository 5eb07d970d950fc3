//! The verbs of the job table.

#![allow(
    clippy::unwrap_used,
    reason = "the helper functions of a test fail by panicking"
)]

use std::num::NonZeroUsize;

use seda_stages::errors::kind::JobError;
use seda_stages::job::description::JobDescription;
use seda_stages::job::exit::Exit;
use seda_stages::job::filter::StateFilter;
use seda_stages::job::id::JobId;
use seda_stages::job::moment::Moment;
use seda_stages::job::record::Ending;
use seda_stages::job::registry::{Admitted, CancelAnswer, JobRegistry};
use seda_stages::job::state::JobState;

fn at(millis: u64) -> Moment {
    Moment::from_unix_millis(millis)
}

fn table(capacity: usize) -> JobRegistry {
    JobRegistry::with_capacity(NonZeroUsize::new(capacity).unwrap())
}

fn admit(jobs: &mut JobRegistry) -> Admitted {
    jobs.admit(JobDescription::default(), at(0)).unwrap()
}

fn finish(jobs: &mut JobRegistry, id: JobId) {
    let ending = Ending {
        exit: Some(Exit::Code(0)),
        failure: None,
    };
    jobs.end(id, ending, at(1)).unwrap();
}

#[test]
fn asked_is_not_stopped() {
    let mut jobs = table(1);
    let id = admit(&mut jobs).id;
    jobs.advance(id, JobState::Running, "started", at(1))
        .unwrap();
    let asked = jobs.request_cancel(id, at(2));
    assert_eq!(asked, Ok(CancelAnswer::Asked(JobState::Running)));
    assert_eq!(jobs.get(id).unwrap().state(), JobState::Running);
    let again = jobs.request_cancel(id, at(3));
    assert_eq!(again, Ok(CancelAnswer::AlreadyAsked(JobState::Running)));
    assert_eq!(jobs.get(id).unwrap().cancel_requested_at(), Some(at(2)));
    let cancelled = JobError::Cancelled {
        state: JobState::Running,
    };
    jobs.end(id, Ending::failed(cancelled), at(4)).unwrap();
    let late = jobs.request_cancel(id, at(5));
    assert_eq!(late, Ok(CancelAnswer::AlreadyEnded(JobState::Killed)));
    let unknown = id.next();
    assert_eq!(
        jobs.request_cancel(unknown, at(5)),
        Err(JobError::UnknownJob { id: unknown })
    );
}

#[test]
fn a_deleted_job_is_not_ended_twice() {
    let mut jobs = table(2);
    let id = admit(&mut jobs).id;
    finish(&mut jobs, id);
    jobs.advance(id, JobState::Deleted, "removed", at(2))
        .unwrap();
    assert_eq!((jobs.len(), jobs.live()), (1, 0));
    let refused = jobs
        .advance(id, JobState::Running, "again", at(3))
        .unwrap_err();
    assert_eq!(refused.code(), "illegal_transition");
}

#[test]
fn lists_are_filtered_and_in_order() {
    let mut jobs = table(4);
    let ids: Vec<_> = (0..4).map(|_| admit(&mut jobs).id).collect();
    jobs.advance(ids[2], JobState::Running, "started", at(1))
        .unwrap();
    finish(&mut jobs, ids[1]);
    let listed = |filter: &str| {
        let records = jobs.list(filter.parse().unwrap());
        records
            .map(|record| record.id().number())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed("all"), [1, 2, 3, 4]);
    assert_eq!(listed("live"), [1, 3, 4]);
    assert_eq!(listed("ended"), [2]);
    assert_eq!(listed("running"), [3]);
    assert_eq!(
        jobs.list(StateFilter::All).next_back().unwrap().id(),
        ids[3]
    );
    assert!("some".parse::<StateFilter>().is_err());
}
