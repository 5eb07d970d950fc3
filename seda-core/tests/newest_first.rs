//! A controller may have the newest event served first, from whichever queue.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod rig;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rig::assert_exact;
use seda_core::simulator::{Service, Simulator};
use seda_core::{
    Batch, BoxError, Clock, Controller, Decision, Graph, Handler, Key, Meta, Order, Plan, Sample,
    Sink, Tick,
};

const PERIOD: Duration = Duration::from_secs(1);

/// Wants the newest first from its first tick on.
struct NewestFirst;

impl Controller for NewestFirst {
    fn name(&self) -> &'static str {
        "newest first"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn update(&mut self, _now: Tick, _sample: &Sample) -> Decision {
        Decision {
            order: Some(Order::NewestFirst),
            reason: "the test wants it".to_owned(),
            ..Decision::none()
        }
    }
}

type Seen = Arc<Mutex<Vec<u64>>>;

/// Handles one event of each batch and leaves the others.
#[derive(Clone)]
struct One(Seen);

impl Handler for One {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        self.0.lock().unwrap().extend(batch.next());
        Ok(())
    }
}

/// Sends the events 1 to 5 for each that it gets, with the meta of that.
#[derive(Clone)]
struct Fan(Sink<u64>);

impl Handler for Fan {
    type Event = ();

    fn handle(&mut self, batch: &mut Batch<()>) -> Result<(), BoxError> {
        while batch.next().is_some() {
            for n in 1..=5 {
                self.0.enqueue(n).unwrap();
            }
        }
        Ok(())
    }
}

/// Says which queue the events come through.
#[derive(Clone, Copy, Debug)]
enum Way {
    Inbox,
    OwnQueue,
}

/// Has the events 1 to 5 come at once, to be handled one by one in batches of
/// 3; gives them in the order in which they were.
fn served(workers: usize, way: Way, meta: Meta) -> Vec<u64> {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let mut graph = Graph::new("newest first").with_clock(Clock::manual());
    let one = graph.stage("one").queue(64).batch(3);
    let one = one.controller(NewestFirst).handler(One(log));
    let target = one.clone();
    let fan = graph.stage("fan").queue(8);
    let fan = fan.handler_with(move |wire| Fan(wire.to(&target)));
    let mut simulator = Simulator::new(graph, &Plan::default().workers(workers), 7).unwrap();
    simulator.service("one", Service::constant(PERIOD));
    // The controller has had its first tick then.
    simulator.run_for(PERIOD);
    match way {
        Way::Inbox => {
            let inlet = simulator.inlet(&one);
            (1..=5).for_each(|n| inlet.with(meta).enqueue(n).unwrap());
        }
        Way::OwnQueue => simulator.inlet(&fan).with(meta).enqueue(()).unwrap(),
    }
    let ledger = simulator.drain(Duration::from_secs(100)).unwrap();
    assert_exact(&ledger);
    let seen = seen.lock().unwrap();
    seen.clone()
}

#[test]
fn the_newest_is_served_first_and_what_a_batch_left_is_next_again() {
    for way in [Way::Inbox, Way::OwnQueue] {
        assert_eq!(served(1, way, Meta::NONE), [5, 4, 3, 2, 1], "{way:?}");
    }
}

#[test]
fn events_with_a_key_keep_their_order() {
    let keyed = Meta::NONE.with_key(Key::of(&7));
    for way in [Way::Inbox, Way::OwnQueue] {
        for workers in [1, 2] {
            assert_eq!(served(workers, way, keyed), [1, 2, 3, 4, 5], "{way:?}");
        }
    }
}
