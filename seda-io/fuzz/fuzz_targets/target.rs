//! Any target: its parts make it up, and no file that it names lies outside the root.
#![no_main]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use libfuzzer_sys::fuzz_target;
use seda_io::http::{FilePath, Target};

/// Bytes that a path may have, as the kernel says.
const PATH_BYTES_MAX: usize = 4_096;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    check_path(text);
    let Some(target) = Target::parse(text) else {
        return;
    };
    assert_eq!(target.as_str(), text);
    assert!(target.path() == "*" || target.path().starts_with('/'));
    if let Some(query) = target.query() {
        assert!(text.ends_with(&format!("?{query}")));
    }
    match target.authority() {
        Some(authority) => assert!(text.contains(&format!("://{authority}"))),
        None => assert!(text.starts_with(target.path())),
    }
    check_path(target.path());
});

fn check_path(path: &str) {
    let Ok(place) = FilePath::parse(path) else {
        return;
    };
    let file = place.path();
    let bytes = file.as_os_str().as_bytes();
    assert!(!bytes.contains(&0) && bytes.len() <= PATH_BYTES_MAX);
    let below = file
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    assert!(below || file == Path::new("."), "{file:?}");
    let decoded = decoded(path.as_bytes());
    let decoded = decoded.strip_prefix(b"/").expect("a slash first");
    let decoded = decoded.strip_suffix(b"/").unwrap_or(decoded);
    assert!(file == Path::new(".") || file == Path::new(OsStr::from_bytes(decoded)));
    assert_eq!(file == Path::new("."), decoded.is_empty());
}

/// Decodes each `%` with the two digits behind it.
fn decoded(path: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = path;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        bytes.push(match byte {
            b'%' => {
                let digits = str::from_utf8(&behind[..2]).expect("two digits");
                rest = &behind[2..];
                u8::from_str_radix(digits, 16).expect("two digits")
            }
            byte => byte,
        });
    }
    bytes
}
