//! What the stage that makes a streamed answer has not heard.

use std::mem;

use super::flow_event::{FlowEnd, FlowEvent};

/// Is what the stage has not been told.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) drained: bool,
    pub(super) peer_done: Once,
    pub(super) ending: Once,
    pub(super) ended: Option<FlowEnd>,
}

/// Says whether something that happens once has happened, and was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Once {
    #[default]
    NotYet,
    Due,
    Told,
}

impl Once {
    pub(super) fn happen(&mut self) {
        if *self == Self::NotYet {
            *self = Self::Due;
        }
    }

    fn take(&mut self) -> bool {
        let due = *self == Self::Due;
        if due {
            *self = Self::Told;
        }
        due
    }
}

impl News {
    /// Takes what is to be told next.
    pub(super) fn next(&mut self, number: u64) -> Option<FlowEvent> {
        if mem::take(&mut self.drained) {
            return Some(FlowEvent::Drained(number));
        }
        if self.peer_done.take() {
            return Some(FlowEvent::PeerDone(number));
        }
        if self.ending.take() {
            return Some(FlowEvent::Ending(number));
        }
        let ended = self.ended.take()?;
        Some(FlowEvent::Ended(number, ended))
    }
}
