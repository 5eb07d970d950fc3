//! The dispatch stage: one handler that owns the board of all jobs.
//!
//! Reads go through this stage too, and not to a copy beside it: whoever got
//! an answer to a submission finds the job when it asks next, and no lock is
//! ever waited for. A read costs some microseconds; lists are bounded for that.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use seda_core::{Batch, BoxError, Handler, Meta, Sink};
use seda_io::http::Response;

use super::board::Board;
use super::event::{Assignment, JobEvent, Reading, meta};
use crate::api::answer;
use crate::api::refusal::Refusal;
use crate::api::route::Question;
use crate::errors::kind::JobError;
use crate::errors::report::Misfortune;
use crate::execute::cancel::Stop;
use crate::job::description::JobDescription;
use crate::job::id::JobId;
use crate::job::moment::Moment;

/// Tells the wall-clock time that histories show.
pub type WallClock = fn() -> Moment;

/// Where the dispatch stage sends.
#[derive(Clone, Debug)]
pub struct DeskSinks {
    /// Jobs whose turn has come. One that finds no room waits in its line.
    pub prepare: Sink<Assignment>,
    /// Processes that shall end. One that finds no room is told later.
    pub cancel: Sink<Stop>,
    /// Ended jobs that made room for others, whose files may go.
    pub forget: Sink<JobId>,
    /// Jobs that did not end well, to be written down as far as there is room.
    pub report: Sink<Misfortune>,
    /// What jobs wrote, for who wants to read it.
    pub output: Sink<Reading>,
}

/// Handles all that happens to jobs, one after the other.
///
/// The board outlives a panic of this handler, which loses one event and not
/// all jobs; the stage is solo, so its lock is never waited for.
pub struct Desk {
    board: Arc<Mutex<Board>>,
    sinks: DeskSinks,
    now: WallClock,
}

impl Desk {
    /// Makes the handler of a board.
    pub const fn new(board: Arc<Mutex<Board>>, sinks: DeskSinks, now: WallClock) -> Self {
        Self { board, sinks, now }
    }

    fn on(&self, board: &mut Board, event: JobEvent) {
        let at = (self.now)();
        match event {
            JobEvent::Submit(job, reply) => reply.respond(self.submit(board, *job)),
            JobEvent::Ask(Question::Output(id, stream), reply) => {
                let reading = |file| Reading {
                    id,
                    stream,
                    file,
                    reply,
                };
                self.read(board, reading);
            }
            JobEvent::Ask(question, reply) => reply.respond(ask(board, question, at)),
            JobEvent::Targets(targets) => board.refresh(targets, at),
            JobEvent::Started(held) => board.started(held, at),
            JobEvent::Overdue(id) => board.overdue(id, at),
            JobEvent::Ended(id, ending) => board.ended(id, ending, at),
            JobEvent::Close => board.close(at),
        }
    }

    fn submit(&self, board: &mut Board, job: JobDescription) -> Response {
        // Whoever the new job takes the place of must find room to be forgotten.
        // That they are must not depend on how long this request is waited for.
        let sink = self.sinks.forget.with(Meta::NONE);
        let mut forget = match sink.reserve(1) {
            Ok(forget) => forget,
            Err(rejected) => return Refusal::from(&rejected).into(),
        };
        match board.submit(job, (self.now)()) {
            Err(error) => Refusal::from(&error).into(),
            Ok(admitted) => {
                if let Some(evicted) = admitted.evicted {
                    forget.fill(evicted);
                }
                let record = board.get(admitted.id);
                record.map_or_else(|error| refused(&error), answer::created)
            }
        }
    }

    fn read(&self, board: &Board, reading: impl FnOnce(Option<String>) -> Reading) {
        let mut reading = reading(None);
        let record = match board.get(reading.id) {
            Ok(record) => record,
            Err(error) => return reading.reply.respond(refused(&error)),
        };
        let file = reading.stream.file_of(record.description());
        reading.file = file.map(str::to_owned);
        if let Err(rejected) = self.sinks.output.enqueue(reading) {
            let refusal = Refusal::from(&rejected);
            rejected.event.reply.respond(refusal.into());
        }
    }

    /// Sends on what the events so far have led to, as far as there is room.
    /// What is left is looked at again after the next event: whoever has no
    /// room now leads to one.
    fn send(&self, board: &mut Board) {
        while let Some(id) = board.peek_start() {
            let Ok(mut room) = self.sinks.prepare.with(meta(id)).reserve(1) else {
                break;
            };
            let Some(assignment) = board.next_start() else {
                break;
            };
            room.fill(assignment);
        }
        for misfortune in board.misfortunes() {
            let report = self.sinks.report.with(meta(misfortune.id));
            // The record has it too; the edge counts what is not written down.
            let _ = report.enqueue(misfortune);
        }
        while let Some(held) = board.next_stop() {
            let cancel = self.sinks.cancel.with(meta(held.id));
            let id = held.id;
            if cancel.enqueue(Stop::Ask(held)).is_err() {
                board.stop_later(id);
                break;
            }
        }
    }
}

fn ask(board: &mut Board, question: Question, at: Moment) -> Response {
    let answered = match question {
        Question::List { state, limit } => {
            Ok(answer::listed(board.list(state, limit), board.total()))
        }
        Question::Show(id) | Question::Output(id, _) => board.get(id).map(answer::shown),
        Question::Cancel(id) => board
            .cancel(id, at)
            .and_then(|answer| Ok(answer::cancelled(answer, board.get(id)?))),
    };
    answered.unwrap_or_else(|error| refused(&error))
}

fn refused(error: &JobError) -> Response {
    Refusal::from(error).into()
}

impl Handler for Desk {
    type Event = JobEvent;

    fn handle(&mut self, batch: &mut Batch<JobEvent>) -> Result<(), BoxError> {
        let board = Arc::clone(&self.board);
        let mut board = board.lock();
        for event in batch {
            self.on(&mut board, event);
            self.send(&mut board);
        }
        Ok(())
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("sinks", &self.sinks)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use seda_core::Tick;
    use seda_core::testing::{batch, batch_with_meta, probe};

    use super::*;
    use crate::broker::rank::LeastWaiting;
    use crate::broker::select::Broker;
    use crate::describe::json;
    use crate::dispatch::board::Bounds;
    use crate::dispatch::event::job_of;
    use crate::job::record::Ending;
    use crate::job::state::JobState;
    use crate::target::{Counters, ExecutionTarget};

    const AT: Moment = Moment::from_unix_millis(0);

    /// A board of so many slots with so many jobs in line.
    fn board(slots: u32, jobs: usize) -> Arc<Mutex<Board>> {
        let mut target = ExecutionTarget::new("here");
        target.counters = Counters::idle(slots);
        let bounds = Bounds {
            live_max: NonZeroUsize::new(8).unwrap(),
            ended_min: NonZeroUsize::MIN,
            slots_max: slots,
        };
        let mut board = Board::new(bounds, Broker::new(vec![target], Box::new(LeastWaiting)));
        for _ in 0..jobs {
            let job = json::parse(br#"{"executable": "a"}"#).unwrap();
            board.submit(job, AT).unwrap();
        }
        Arc::new(Mutex::new(board))
    }

    #[test]
    fn a_job_that_finds_no_room_waits_for_the_next_event() {
        let board = board(3, 3);
        let ((prepare, starts), (cancel, _), (forget, _)) = (probe(1), probe(1), probe(1));
        let ((report, _), (output, _)) = (probe(1), probe(1));
        let sinks = DeskSinks {
            prepare,
            cancel,
            forget,
            report,
            output,
        };
        let mut desk = Desk::new(Arc::clone(&board), sinks, || AT);
        let nudge = || JobEvent::Overdue(JobId::FIRST.next().next().next());
        let mut ids = Vec::new();
        for _ in 0..4 {
            desk.handle(&mut batch([nudge(), nudge()])).unwrap();
            let started = starts.take_with_meta();
            assert!(
                started
                    .iter()
                    .all(|(job, meta)| job_of(meta) == Some(job.id))
            );
            ids.extend(started.into_iter().map(|(job, _)| job.id.number()));
        }
        assert_eq!(ids, [1, 2, 3], "one at a time, none lost, none twice");
    }

    #[test]
    fn the_verdict_is_reported_and_not_what_the_process_made_of_it() {
        let board = board(1, 2);
        let ((prepare, starts), (cancel, _), (forget, _)) = (probe(8), probe(8), probe(8));
        let ((report, reported), (output, _)) = (probe(8), probe(8));
        let sinks = DeskSinks {
            prepare,
            cancel,
            forget,
            report,
            output,
        };
        let mut desk = Desk::new(Arc::clone(&board), sinks, || AT);
        let id = JobId::FIRST;
        desk.handle(&mut batch([JobEvent::Overdue(id.next().next())]))
            .unwrap();
        assert_eq!(starts.take().len(), 1);
        board.lock().cancel(id, AT).unwrap();
        let died = Ending::failed(JobError::KilledBySignal { signal: 15 });
        desk.handle(&mut batch([JobEvent::Ended(id, died)]))
            .unwrap();
        let told: Vec<_> = reported
            .take()
            .iter()
            .map(|told| told.error.code())
            .collect();
        assert_eq!(told, ["cancelled"]);
        assert_eq!(board.lock().get(id).unwrap().state(), JobState::Killed);
        assert_eq!(starts.take().len(), 1, "the slot is passed on");
    }

    #[test]
    fn files_are_forgotten_however_late_the_request_is_that_needs_their_place() {
        let board = board(1, 0);
        let ((prepare, _), (cancel, _), (forget, forgotten)) = (probe(8), probe(8), probe(64));
        let ((report, _), (output, _)) = (probe(8), probe(8));
        let sinks = DeskSinks {
            prepare,
            cancel,
            forget,
            report,
            output,
        };
        let desk = Desk::new(Arc::clone(&board), sinks, || AT);
        let hasty = Meta::NONE.with_deadline(Tick::from_nanos(1));
        let mut requests = batch_with_meta([((), hasty); 32]);
        let mut id = JobId::FIRST;
        while requests.next().is_some() {
            let job = json::parse(br#"{"executable": "a"}"#).unwrap();
            desk.submit(&mut board.lock(), job);
            board.lock().cancel(id, AT).unwrap();
            id = id.next();
        }
        let forgotten = forgotten.take_with_meta();
        assert!(!forgotten.is_empty());
        for (id, meta) in forgotten {
            assert_eq!(meta.deadline(), Meta::NONE.deadline(), "{id}");
        }
    }
}
