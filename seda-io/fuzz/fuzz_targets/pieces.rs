//! Cuts a stream as a fuzzer says.

/// Cuts a stream into pieces of 1 to 256 bytes: the lengths are those of the plan, in turn.
pub(crate) fn cut<'a>(stream: &'a [u8], plan: &[u8; 4]) -> Vec<&'a [u8]> {
    let mut lengths = plan.iter().cycle();
    let mut pieces = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let length = lengths.next().map_or(1, |&byte| usize::from(byte) + 1);
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}
