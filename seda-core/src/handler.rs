//! What an application writes: the code of a stage.

use std::fmt;
use std::marker::PhantomData;

use crate::batch::Batch;
use crate::error::BoxError;

/// Is the code of a stage.
///
/// Each worker owns a handler of its own, so `&mut self` needs no locks; what
/// is shared between workers is visibly an `Arc`.
pub trait Handler: 'static {
    /// What the stage accepts.
    type Event: Send + 'static;

    /// Takes what it wants from the batch; what it leaves returns to the queue.
    ///
    /// It must not block, unless its stage is declared blocking.
    ///
    /// # Errors
    ///
    /// An error loses the event taken last (or all of one
    /// [`take_up_to`](Batch::take_up_to)); it goes to the graph's failure sink,
    /// and the rest of the batch is handled. The handler stays as it is after
    /// an error, and is made anew after a panic.
    fn handle(&mut self, batch: &mut Batch<Self::Event>) -> Result<(), BoxError>;
}

/// Is a closure as a handler, one event at a time.
pub(crate) struct Each<F, E> {
    work: F,
    takes: PhantomData<fn(E)>,
}

impl<F, E> Each<F, E> {
    pub(crate) const fn new(work: F) -> Self {
        Self {
            work,
            takes: PhantomData,
        }
    }
}

impl<F: Clone, E> Clone for Each<F, E> {
    fn clone(&self) -> Self {
        Self::new(self.work.clone())
    }
}

impl<F, E> fmt::Debug for Each<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Each")
    }
}

impl<F, E> Handler for Each<F, E>
where
    F: FnMut(E) -> Result<(), BoxError> + 'static,
    E: Send + 'static,
{
    type Event = E;

    fn handle(&mut self, batch: &mut Batch<E>) -> Result<(), BoxError> {
        for event in batch {
            (self.work)(event)?;
        }
        Ok(())
    }
}
