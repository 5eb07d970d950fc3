//! What can be said of a stage while it is built.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::admission::Admission;
use crate::control::Controller;
use crate::dials::budgets::BudgetOf;
use crate::edge::Origin;
use crate::error::BoxError;
use crate::failure::DeadLetter;
use crate::gate;
use crate::graph::spec::Spec;
use crate::graph::wire::Wire;
use crate::graph::{Graph, Stage};
use crate::handler::{Each, Handler};
use crate::meta::{Class, Meta};
use crate::queue::classes::Classes;
use crate::worker::restarts::Intensity;
use crate::worker::runner::Maker;

/// Builds one stage; the last call gives it its handler.
#[derive(Debug)]
#[must_use = "a stage needs a handler: end with `each`, `handler`, `handler_with` or `solo`"]
pub struct StageBuilder<'g, E> {
    graph: &'g mut Graph,
    stage: Stage<E>,
    /// The capacity is set already, by `declare` or `queue`.
    bounded: bool,
}

impl<'g, E: Send + 'static> StageBuilder<'g, E> {
    pub(crate) fn new(graph: &'g mut Graph, stage: Stage<E>) -> Self {
        let at = stage.core.common.at;
        let spec = graph.specs.get(at.stage).filter(|_| at.graph == graph.id);
        Self {
            bounded: spec.is_some_and(|spec| spec.declared),
            graph,
            stage,
        }
    }

    /// Bounds the queue, in events; 1,024 by default.
    pub fn queue(mut self, capacity: usize) -> Self {
        let name = self.stage.name();
        if self.bounded {
            let complaint = format!(
                "stage `{name}`: the capacity is set twice; `declare` or the first `queue` has set it"
            );
            self.graph.complaints.push(complaint);
        } else if capacity == 0 {
            let complaint =
                format!("stage `{name}`: a queue of 0 events takes none; give it at least 1");
            self.graph.complaints.push(complaint);
        } else {
            self.stage.core.common.room.set_capacity(capacity);
        }
        self.bounded = true;
        self
    }

    /// Bounds a batch, in events; by default 256 among the cores, where a batch
    /// also ends after about 500 µs, and 1 in a blocking domain.
    pub fn batch(self, batch_max: usize) -> Self {
        self.edit(|spec| spec.batch = Some(batch_max.max(1)))
    }

    /// Serves events by class.
    pub fn classes(self, classes: Classes) -> Self {
        self.stage.core.set_classes(&classes);
        self.edit(|spec| spec.classes = Some(classes))
    }

    /// Has a policy decide, beside the bound, who may enter.
    pub fn admission(self, policy: impl Admission<E> + 'static) -> Self {
        let core = &self.stage.core;
        if core.admission.set(Box::new(policy)).is_ok() {
            core.common.gate.set(gate::ADMISSION);
        }
        self
    }

    /// Sets the stage's latency budget, the one thing there is to tune: events
    /// expire that have waited so long that what is left is too short for 49
    /// of 50, at the latest after 0.9 of it; and none is let in that would
    /// wait too long by the rate at which the stage gets work done
    /// ([`DrainRate`](crate::DrainRate)), unless another controller of
    /// [admission](crate::Adjusts::Admission) is added.
    pub fn target(self, budget: Duration) -> Self {
        self.stage.core.common.dials.serving.set_target(budget);
        self
    }

    /// Sets the budget of everything that an event of this stage leads to, from
    /// its enqueue here to the end of its way.
    ///
    /// Each event gets a deadline, which travels with all that comes of it. The
    /// budget is divided over the stages that can be reached from here, by what
    /// they are measured to take ([`Passage`](crate::Passage)); who enqueues
    /// here is refused while what is under way further down would make the
    /// event late, and it expires wherever that has become certain.
    pub fn path_target(self, budget: Duration) -> Self {
        let common = &self.stage.core.common;
        common.set_path_budget(budget);
        common.gate.set(gate::CONTROLLED);
        self
    }

    /// Gives events of one class a latency budget of their own, in the place of
    /// the stage's [`target`](Self::target): who may enter, and which events
    /// expire, goes by it. A class without one has the stage's.
    ///
    /// The most urgent class may well have the shortest, and work in the
    /// background one of many seconds: in a strict queue it waits behind all
    /// others, and a longer budget is what lets it wait. The controllers that
    /// bound what is in flight ([`ResponseTime`](crate::ResponseTime) and others)
    /// go by the stage's target for all classes together; only
    /// [`DrainRate`](crate::DrainRate), the default, tells them apart.
    ///
    /// ```
    /// use seda_core::{Class, Classes, Graph};
    /// use std::time::Duration;
    ///
    /// let ms = Duration::from_millis;
    /// let mut graph = Graph::new("three classes");
    /// graph
    ///     .stage("serve")
    ///     .classes(Classes::strict(3))
    ///     .target(ms(100))
    ///     .class_target(Class::HIGH, ms(25))
    ///     .class_target(Class::LOW, ms(2_000))
    ///     .each(|_request: u32| Ok(()));
    /// ```
    ///
    /// # Errors
    ///
    /// The graph does not start where the stage does not tell this class apart
    /// ([`classes`](Self::classes)), where it has no target of its own, or
    /// where the budget is zero.
    pub fn class_target(self, class: Class, budget: Duration) -> Self {
        self.budget(BudgetOf::Stage, class, budget)
    }

    /// Gives events of one class that enter here a budget of their own for the
    /// whole way, in the place of the [`path_target`](Self::path_target): it is
    /// their deadline. A class without one has the path's; the budget is divided
    /// over the stages of the path by the path's own.
    ///
    /// # Errors
    ///
    /// As for [`class_target`](Self::class_target), where the stage does not
    /// begin a path with a target.
    pub fn class_path_target(self, class: Class, budget: Duration) -> Self {
        self.budget(BudgetOf::Path, class, budget)
    }

    fn budget(self, of: BudgetOf, class: Class, budget: Duration) -> Self {
        let place = usize::from(class.0);
        let budgets = &self.stage.core.common.dials.budgets;
        budgets.set(of, place, budget);
        self.edit(|spec| spec.class_budgets.push((of, class, budget)))
    }

    /// Declares that the handler blocks; it gets a pool of this many threads.
    pub fn blocking(self, threads: RangeInclusive<usize>) -> Self {
        let (min, max) = (*threads.start(), *threads.end());
        if min == 0 || max < min {
            let name = self.stage.name();
            let complaint =
                format!("stage `{name}`: no pool of {min} to {max} threads; give `1..=n`");
            self.graph.complaints.push(complaint);
            return self;
        }
        self.edit(|spec| spec.blocking = Some((min, max)))
    }

    /// Says how often the handler may panic before the stage is quarantined.
    pub fn restarts(self, intensity: Intensity) -> Self {
        self.edit(|spec| spec.intensity = intensity)
    }

    /// Has accepted events that never reach the handler sent to `stage`.
    /// If that has no room, they are dropped, and counted as dead letters here.
    pub fn dead_letters(self, stage: &Stage<DeadLetter<E>>) -> Self {
        let sink = self.wire().failures(stage);
        let undertaker = move |letter| {
            // An event in hand, if there is one, has nothing to do with it.
            sink.with(Meta::NONE).enqueue_lossy(letter);
        };
        let _ = self.stage.core.undertaker.set(Box::new(undertaker));
        self
    }

    /// Adds a controller.
    pub fn controller(self, controller: impl Controller + 'static) -> Self {
        self.edit(|spec| spec.controllers.push(Box::new(controller)))
    }

    /// Gives the stage a closure as its handler; each worker has a clone.
    pub fn each<F>(self, work: F) -> Stage<E>
    where
        F: FnMut(E) -> Result<(), BoxError> + Clone + Send + 'static,
    {
        self.handler(Each::new(work))
    }

    /// Gives the stage a closure that sends on, made with its wire.
    pub fn each_with<F, M>(self, make: M) -> Stage<E>
    where
        F: FnMut(E) -> Result<(), BoxError> + Clone + Send + 'static,
        M: FnOnce(&Wire) -> F,
    {
        self.handler_with(|wire| Each::new(make(wire)))
    }

    /// Gives the stage a handler; each worker has a clone, made anew after a panic.
    pub fn handler<H>(self, handler: H) -> Stage<E>
    where
        H: Handler<Event = E> + Clone + Send,
    {
        self.handler_with(|_| handler)
    }

    /// Gives the stage a handler that sends on: `make` gets its wire.
    pub fn handler_with<H, F>(self, make: F) -> Stage<E>
    where
        H: Handler<Event = E> + Clone + Send,
        F: FnOnce(&Wire) -> H,
    {
        let prototype = make(&self.wire());
        self.staff(Arc::new(Mutex::new(Box::new(move || prototype.clone()))))
    }

    /// Gives the stage one single handler, which sees all its events, on one
    /// worker. `make` is called again after a panic; its edges are the same.
    pub fn solo<H, F>(mut self, mut make: F) -> Stage<E>
    where
        H: Handler<Event = E> + Send,
        F: FnMut(&Wire) -> H + Send + 'static,
    {
        self = self.edit(|spec| spec.solo = true);
        let wire = self.wire();
        // Made now, so that its edges are checked before the start.
        let mut first = Some(make(&wire));
        let again = move || first.take().unwrap_or_else(|| make(&wire));
        self.staff(Arc::new(Mutex::new(Box::new(again))))
    }

    fn staff<H: Handler<Event = E>>(self, make: Maker<H>) -> Stage<E> {
        let core = Arc::clone(&self.stage.core);
        let mut twice = false;
        let this = self.edit(|spec| {
            twice = spec.define.is_some();
            spec.staff(core, make);
        });
        if twice {
            let complaint = format!("stage `{}` is defined twice", this.stage.name());
            this.graph.complaints.push(complaint);
        }
        this.stage
    }

    fn wire(&self) -> Wire {
        let at = self.stage.core.common.at;
        Wire::new(at.graph, Origin::Stage(at.stage))
    }

    fn edit(self, change: impl FnOnce(&mut Spec)) -> Self {
        let at = self.stage.core.common.at;
        if at.graph == self.graph.id
            && let Some(spec) = self.graph.specs.get_mut(at.stage)
        {
            change(spec);
        }
        self
    }
}
