//! What a client sends before it waits, and what it waits for (SEDA, figure 1).

/// Bytes of a packet, 8 KiB.
pub const PACKET_BYTES: usize = 8 * 1024;
/// Packets of a burst.
pub const PACKETS: usize = 1_000;
/// Bytes of a burst.
pub const BURST_BYTES: usize = PACKETS * PACKET_BYTES;
/// What a whole burst is answered with, 32 bytes.
pub const ANSWER: [u8; 32] = [b'+'; 32];

/// Is how far a server is in the bursts of one client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    bytes: usize,
}

impl Progress {
    /// Counts bytes; gives how many bursts have come to their end by that.
    pub(crate) const fn take(&mut self, bytes: usize) -> usize {
        let bytes = self.bytes + bytes;
        self.bytes = bytes % BURST_BYTES;
        bytes / BURST_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::{BURST_BYTES, Progress};

    #[test]
    fn a_burst_ends_with_its_last_byte() {
        let mut progress = Progress::default();
        assert_eq!(progress.take(BURST_BYTES - 1), 0);
        assert_eq!(progress.take(1), 1);
        assert_eq!(progress.take(2 * BURST_BYTES + 5), 2);
        assert_eq!(progress.take(BURST_BYTES - 5), 1);
    }
}
