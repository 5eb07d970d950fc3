//! Holds this crate against the house rules and against the layers of its `ARCHITECTURE.md`.

#[test]
fn the_crate_is_tidy() {
    tidy::assert_tidy(env!("CARGO_MANIFEST_DIR"));
}
