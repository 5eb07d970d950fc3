//! What is known of a stage before it starts.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::control::Controller;
use crate::dials::budgets::BudgetOf;
use crate::failure::Failure;
use crate::handler::Handler;
use crate::here::SeatId;
use crate::meta::Class;
use crate::plan::layout::Wish;
use crate::queue::classes::Classes;
use crate::sink::Sink;
use crate::stage::core::{StageControl, StageCore};
use crate::trace::Traces;
use crate::worker::restarts::{Intensity, Restarts};
use crate::worker::runner::{Crew, Maker, Runner, StageRunner};
use crate::worker::team::Recruit;

/// Is what a stage's crew needs of its graph.
pub(crate) struct Muster {
    pub(crate) failures: Option<Sink<Failure>>,
    pub(crate) traces: Arc<Traces>,
    pub(crate) clock: Clock,
    pub(crate) measured: bool,
}

/// Makes a stage's crew once the graph starts.
pub(crate) type Definition = Box<dyn FnOnce(Muster) -> Arc<dyn Recruit> + Send>;

/// Is a stage under construction, whatever its events are.
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) control: Arc<dyn StageControl>,
    pub(crate) declared: bool,
    pub(crate) blocking: Option<(usize, usize)>,
    pub(crate) solo: bool,
    pub(crate) batch: Option<usize>,
    pub(crate) classes: Option<Classes>,
    /// The budgets that classes have for themselves, as they were given.
    pub(crate) class_budgets: Vec<(BudgetOf, Class, Duration)>,
    pub(crate) intensity: Intensity,
    pub(crate) controllers: Vec<Box<dyn Controller>>,
    /// The handler, once defined.
    pub(crate) define: Option<Definition>,
    pub(crate) restarts: Option<Arc<Mutex<Restarts>>>,
}

impl Spec {
    pub(crate) fn new(name: &str, control: Arc<dyn StageControl>) -> Self {
        Self {
            name: name.to_owned(),
            control,
            declared: false,
            blocking: None,
            solo: false,
            batch: None,
            classes: None,
            class_budgets: Vec::new(),
            intensity: Intensity::default(),
            controllers: Vec::new(),
            define: None,
            restarts: None,
        }
    }

    pub(crate) fn wish(&self) -> Wish {
        Wish {
            name: self.name.clone(),
            blocking: self.blocking,
            solo: self.solo,
        }
    }

    /// Sets the handler, made by `make` for each worker.
    pub(crate) fn staff<H: Handler>(&mut self, core: Arc<StageCore<H::Event>>, make: Maker<H>) {
        let restarts = Arc::new(Mutex::new(Restarts::new(self.intensity)));
        self.restarts = Some(Arc::clone(&restarts));
        self.define = Some(Box::new(move |muster| {
            Arc::new(Crew {
                core,
                make,
                restarts,
                failures: muster.failures,
                traces: muster.traces,
                clock: muster.clock,
                measured: muster.measured,
            })
        }));
    }
}

impl<H: Handler> Recruit for Crew<H> {
    fn runner(&self, seat: SeatId) -> Box<dyn Runner> {
        Box::new(StageRunner::new(self.clone(), seat))
    }
}
