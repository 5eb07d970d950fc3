//! Memory of small blocks, kept by each thread for the next one that needs some.
//!
//! A request's bytes and those of its answer live for a moment, and there is a
//! cohort of them at once: more than an allocator keeps at hand for one thread.

use std::cell::RefCell;

/// Blocks that a thread keeps at most.
const SPARES_MAX: usize = 256;
/// Bytes, 2 KiB: a block with more room is given back to the allocator. So a
/// thread keeps half a mebibyte at most.
const SPARE_BYTES_MAX: usize = 2 * 1024;

thread_local! {
    static SPARES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Gives an empty block with room for `bytes`.
pub(super) fn take(bytes: usize) -> Vec<u8> {
    let pop = |spares: &RefCell<Vec<Vec<u8>>>| spares.try_borrow_mut().ok()?.pop();
    let spare = SPARES.try_with(pop).ok().flatten();
    let mut block = spare.unwrap_or_default();
    block.reserve(bytes);
    block
}

/// Takes a block that is not needed any more.
pub(super) fn give(mut block: Vec<u8>) {
    if block.capacity() == 0 || block.capacity() > SPARE_BYTES_MAX {
        return;
    }
    block.clear();
    let _ = SPARES.try_with(|spares| {
        if let Ok(mut spares) = spares.try_borrow_mut()
            && spares.len() < SPARES_MAX
        {
            spares.push(block);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_was_given_is_taken_next_and_is_empty() {
        let mut block = take(100);
        block.extend_from_slice(b"of another");
        let address = block.as_ptr();
        give(block);
        let block = take(10);
        assert_eq!((block.as_ptr(), block.len()), (address, 0));
    }

    #[test]
    fn what_a_thread_keeps_is_bounded() {
        for _ in 0..=SPARES_MAX {
            give(Vec::with_capacity(1));
        }
        give(Vec::new());
        assert_eq!(SPARES.with_borrow(Vec::len), SPARES_MAX);
        let all: Vec<_> = (0..SPARES_MAX).map(|_| take(1)).collect();
        give(Vec::with_capacity(SPARE_BYTES_MAX + 1));
        assert!(SPARES.with_borrow(Vec::is_empty));
        drop(all);
    }
}
