//! Tests of the board: what happens to jobs, in whatever order it does.

use std::time::Duration;

use seda_core::{Graph, Plan, Running};
use seda_io::process::{Exited, Processes, Spawn};
use seda_io::reactor::Reactor;

use super::*;
use crate::broker::rank::LeastWaiting;
use crate::describe::json;
use crate::job::exit::Exit;
use crate::target::Counters;

const AT: Moment = Moment::from_unix_millis(0);

fn targets(slots: &[(&str, u32)]) -> Vec<ExecutionTarget> {
    let target = |(name, slots): &(&str, u32)| {
        let mut target = ExecutionTarget::new(*name);
        target.queue = Some((*name).to_owned());
        target.counters = Counters::idle(*slots);
        target
    };
    slots.iter().map(target).collect()
}

fn board(live_max: usize, slots: &[(&str, u32)]) -> Board {
    let bounds = Bounds {
        live_max: NonZeroUsize::new(live_max).unwrap(),
        ended_min: NonZeroUsize::new(4).unwrap(),
        slots_max: 8,
    };
    Board::new(bounds, Broker::new(targets(slots), Box::new(LeastWaiting)))
}

fn job(text: &str) -> JobDescription {
    json::parse(text.as_bytes()).unwrap()
}

fn submit(board: &mut Board) -> JobId {
    board.submit(job(r#"{"executable": "a"}"#), AT).unwrap().id
}

fn state(board: &Board, id: JobId) -> (JobState, Option<&'static str>) {
    let record = board.get(id).unwrap();
    (record.state(), record.failure().map(JobError::code))
}

fn exited(code: u8) -> Ending {
    Ending {
        exit: Some(Exit::Code(code)),
        failure: None,
    }
}

/// Holds on real processes, for want of a way to make them up.
struct Programs {
    processes: Processes<()>,
    running: Running,
}

impl Programs {
    fn new() -> Self {
        let mut graph = Graph::new("programs");
        Reactor::install(&mut graph);
        let exits = graph.stage("exits").each(|_: Exited<()>| Ok(()));
        let processes = Processes::attach(&mut graph, "processes", &exits);
        let running = graph.start(Plan::default().workers(1)).unwrap();
        Self { processes, running }
    }

    fn held(&self, id: JobId) -> Held {
        let child = Spawn::new("true").start().unwrap();
        let process = self.processes.watch(child, ()).unwrap();
        Held { id, process }
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        let _ = self.running.drain(Duration::from_secs(5));
    }
}

#[test]
fn a_job_waits_for_its_slot_and_passes_it_on() {
    let mut board = board(4, &[("here", 1)]);
    let (one, two) = (submit(&mut board), submit(&mut board));
    assert_eq!(state(&board, one), (JobState::Queuing, None));
    assert_eq!(board.next_start().unwrap().id, one);
    assert_eq!(board.peek_start(), None, "one slot");
    board.ended(one, exited(0), AT);
    assert_eq!(state(&board, one), (JobState::Finished, None));
    assert_eq!(board.next_start().unwrap().id, two);
}

#[test]
fn what_has_no_place_is_refused_and_leaves_nothing() {
    let mut board = board(1, &[("here", 1)]);
    let unfit = board.submit(job(r#"{"executable": "a", "slots": 2}"#), AT);
    assert_eq!(unfit.unwrap_err().code(), "no_target");
    let id = submit(&mut board);
    let full = board.submit(job(r#"{"executable": "a"}"#), AT);
    assert_eq!(full, Err(JobError::TableFull { capacity: 1 }));
    assert_eq!(board.total(), 1);
    board.next_start().unwrap();
    board.ended(id, exited(0), AT);
    assert!(
        submit(&mut board) > id,
        "ended jobs take no place of live ones"
    );
}

#[test]
fn a_waiting_job_is_cancelled_at_once() {
    let mut board = board(4, &[("here", 1)]);
    let (one, two) = (submit(&mut board), submit(&mut board));
    assert_eq!(
        board.cancel(one, AT),
        Ok(CancelAnswer::Asked(JobState::Queuing))
    );
    assert_eq!(state(&board, one), (JobState::Killed, Some("cancelled")));
    assert_eq!(board.next_start().unwrap().id, two);
    assert!(board.cancel(two.next(), AT).is_err());
}

#[test]
fn a_job_on_its_way_is_stopped_as_soon_as_it_runs() {
    let programs = Programs::new();
    let mut board = board(4, &[("here", 1)]);
    let id = submit(&mut board);
    board.next_start().unwrap();
    board.cancel(id, AT).unwrap();
    assert!(board.next_stop().is_none(), "there is no process yet");
    board.started(programs.held(id), AT);
    assert_eq!(board.next_stop().unwrap().id, id);
    assert!(board.next_stop().is_none());
    board.stop_later(id);
    assert_eq!(board.next_stop().unwrap().id, id);
    // However well it took it, it ended because someone asked for it.
    board.ended(id, exited(0), AT);
    assert_eq!(state(&board, id), (JobState::Killed, Some("cancelled")));
    assert_eq!(board.get(id).unwrap().exit(), Some(Exit::Code(0)));
}

#[test]
fn news_that_come_too_late_change_nothing() {
    let programs = Programs::new();
    let mut board = board(4, &[("here", 1)]);
    let id = submit(&mut board);
    board.next_start().unwrap();
    board.ended(id, exited(0), AT);
    board.started(programs.held(id), AT);
    board.overdue(id, AT);
    board.ended(id, exited(1), AT);
    assert_eq!(state(&board, id), (JobState::Finished, None));
    assert!(board.next_stop().is_none());
}

#[test]
fn the_first_reason_to_stop_counts() {
    let programs = Programs::new();
    let mut board = board(4, &[("here", 1)]);
    let limited = r#"{"executable": "a", "wall_time": 7}"#;
    let id = board.submit(job(limited), AT).unwrap().id;
    board.next_start().unwrap();
    board.started(programs.held(id), AT);
    board.overdue(id, AT);
    board.cancel(id, AT).unwrap();
    board.ended(id, exited(143), AT);
    assert_eq!(state(&board, id), (JobState::Failed, Some("timed_out")));
}

#[test]
fn a_closed_board_ends_all_jobs_and_starts_none() {
    let programs = Programs::new();
    let mut board = board(4, &[("here", 1)]);
    let (running, waiting) = (submit(&mut board), submit(&mut board));
    board.next_start().unwrap();
    board.started(programs.held(running), AT);
    board.close(AT);
    assert_eq!(
        state(&board, waiting),
        (JobState::Killed, Some("server_stopped"))
    );
    assert_eq!(board.next_stop().unwrap().id, running);
    board.ended(running, exited(0), AT);
    assert_eq!(
        state(&board, running),
        (JobState::Killed, Some("server_stopped"))
    );
    submit(&mut board);
    assert_eq!(
        (board.peek_start(), board.next_start().is_none()),
        (None, true)
    );
}

#[test]
fn jobs_of_a_target_that_is_gone_go_elsewhere_or_fail() {
    let mut board = board(8, &[("a", 1), ("b", 4)]);
    let queue = |name| job(&format!(r#"{{"executable": "a", "queue": "{name}"}}"#));
    let bound = board.submit(queue("a"), AT).unwrap().id;
    let free: Vec<_> = (0..6).map(|_| submit(&mut board)).collect();
    let moving = free.iter().filter(|id| {
        let target = board.get(**id).unwrap().target().unwrap();
        target.as_str() == "a"
    });
    assert!(moving.count() > 0, "some wait at `a`");
    board.refresh(targets(&[("b", 4)]), AT);
    assert_eq!(state(&board, bound), (JobState::Failed, Some("no_target")));
    let starts = std::iter::from_fn(|| board.next_start());
    let starts: Vec<_> = starts
        .map(|start| (start.id, start.target.to_string()))
        .collect();
    let expected: Vec<_> = free
        .iter()
        .take(4)
        .map(|id| (*id, "b".to_owned()))
        .collect();
    assert_eq!(starts, expected);
}
