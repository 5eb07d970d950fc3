//! A body that comes in and goes on as another one that goes out.

use super::flow::{Flow, Opening};
use super::inflow::Inflow;
use super::inflow::inflow_event::InflowEvent;

impl<H> Opening<H> {
    /// Says that a body is to be [poured](Inflow::pour) into it, which has the same
    /// length, if that is known.
    #[must_use]
    pub const fn for_body(mut self, inflow: &Inflow) -> Self {
        self.length = inflow.length();
        self
    }
}

impl Inflow {
    /// Has the body go on as the one that `flow` sends: each piece as it comes, then
    /// the end with its trailers. No stage is asked, but one may be
    /// [told](Opening::telling) what happens to the flow.
    ///
    /// The next piece is read when no more than the low mark of the flow is unsent,
    /// so that both together hold that much and a piece. A body that will never
    /// be whole breaks the flow off; when the flow ends before the body, the rest of
    /// that is not wanted any more.
    pub fn pour(self, flow: Flow) {
        flow.stop_by(Box::new(self.leaver()));
        let leave = self.leaver();
        let mut flow = Some(flow);
        self.tell_by(Box::new(move |event| {
            match event {
                Some(InflowEvent::Data(_, piece)) => {
                    let wanted = flow.as_ref().is_some_and(|flow| flow.relay(piece));
                    if !wanted {
                        flow = None;
                        leave();
                    }
                }
                Some(InflowEvent::End(_, trailers)) => {
                    // One that is too short is broken off, and is seen to be.
                    let _ = flow.take().map(|flow| flow.finish_with(trailers));
                }
                Some(InflowEvent::Failed(..)) => flow = None,
                None => {}
            }
            Ok(())
        }));
    }
}
