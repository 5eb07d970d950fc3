//! Locks and atomics: `parking_lot` and std, or loom's when its model checker runs.

#[cfg(not(loom))]
pub(crate) use parking_lot::Mutex;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::Ordering;

/// Gives loom's mutex the shape of `parking_lot`'s.
#[cfg(loom)]
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(loom)]
impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Is one of loom's atomics with what it does not model itself: it takes
/// `SeqCst` accesses for `AcqRel`, but `SeqCst` fences for what they are.
///
/// A fence follows whatever writes, and loads have none, as on x86: so a
/// relaxed write before a `SeqCst` load is found out, as it should be.
#[cfg(loom)]
#[derive(Debug, Default)]
pub(crate) struct Fenced<A>(A);

#[cfg(loom)]
pub(crate) type AtomicU64 = Fenced<loom::sync::atomic::AtomicU64>;
#[cfg(loom)]
pub(crate) type AtomicUsize = Fenced<loom::sync::atomic::AtomicUsize>;

#[cfg(loom)]
fn write<R>(order: Ordering, access: impl FnOnce() -> R) -> R {
    let result = access();
    if order == Ordering::SeqCst {
        loom::sync::atomic::fence(Ordering::SeqCst);
    }
    result
}

#[cfg(loom)]
impl AtomicU64 {
    pub(crate) fn load(&self, order: Ordering) -> u64 {
        self.0.load(order)
    }

    pub(crate) fn swap(&self, value: u64, order: Ordering) -> u64 {
        write(order, || self.0.swap(value, order))
    }

    pub(crate) fn fetch_or(&self, bits: u64, order: Ordering) -> u64 {
        write(order, || self.0.fetch_or(bits, order))
    }

    pub(crate) fn fetch_and(&self, bits: u64, order: Ordering) -> u64 {
        write(order, || self.0.fetch_and(bits, order))
    }
}

#[cfg(loom)]
impl AtomicUsize {
    pub(crate) fn new(value: usize) -> Self {
        Self(loom::sync::atomic::AtomicUsize::new(value))
    }

    pub(crate) fn load(&self, order: Ordering) -> usize {
        self.0.load(order)
    }

    pub(crate) fn store(&self, value: usize, order: Ordering) {
        write(order, || self.0.store(value, order));
    }

    pub(crate) fn fetch_add(&self, n: usize, order: Ordering) -> usize {
        write(order, || self.0.fetch_add(n, order))
    }

    pub(crate) fn fetch_sub(&self, n: usize, order: Ordering) -> usize {
        write(order, || self.0.fetch_sub(n, order))
    }

    pub(crate) fn compare_exchange_weak(
        &self,
        from: usize,
        to: usize,
        done: Ordering,
        failed: Ordering,
    ) -> Result<usize, usize> {
        self.0.compare_exchange_weak(from, to, done, failed)
    }
}
