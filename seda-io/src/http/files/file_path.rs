//! From the path of a request to the path of a file, and no further.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::http::percent;

/// Bytes that a decoded path may have, as `PATH_MAX` of Linux.
const BYTES_MAX: usize = 4_096;
/// The one directory whose name begins with a dot that is meant for others (RFC 8615).
const WELL_KNOWN: &[u8] = b".well-known";

/// The place of a file below a root: decoded, relative, without `.` and `..`.
///
/// # Examples
///
/// ```
/// use seda_io::http::{Misplaced, FilePath};
///
/// let place = FilePath::parse("/manual/a%20b.html")?;
/// assert_eq!(place.path().to_str(), Some("manual/a b.html"));
/// assert_eq!(FilePath::parse("/%2e%2e/secret"), Err(Misplaced::NotFound));
/// assert_eq!(FilePath::parse("/a%2"), Err(Misplaced::Malformed));
/// # Ok::<(), Misplaced>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilePath {
    bytes: Box<[u8]>,
    directory: bool,
}

/// Says why a path leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misplaced {
    /// A `%` is not followed by two hexadecimal digits.
    Malformed,
    /// No file can be there: it has `..`, a hidden name, an encoded slash or a NUL.
    NotFound,
}

impl std::fmt::Display for Misplaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the path has a % without two hexadecimal digits behind it",
            Self::NotFound => "no file can be at such a path",
        })
    }
}

impl std::error::Error for Misplaced {}

impl FilePath {
    /// Reads the path of a target, which begins with a slash.
    ///
    /// # Errors
    ///
    /// [`Misplaced`] when nothing can be there.
    pub fn parse(path: &str) -> Result<Self, Misplaced> {
        let path = path.strip_prefix('/').ok_or(Misplaced::NotFound)?;
        let directory = path.is_empty() || path.ends_with('/');
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut bytes = Vec::with_capacity(path.len());
        if !path.is_empty() {
            for (index, segment) in path.split('/').enumerate() {
                if index > 0 {
                    bytes.push(b'/');
                }
                let start = bytes.len();
                if !percent::decode(segment, &mut bytes) {
                    return Err(Misplaced::Malformed);
                }
                check(bytes.get(start..).unwrap_or_default())?;
            }
        }
        if bytes.len() > BYTES_MAX {
            return Err(Misplaced::NotFound);
        }
        Ok(Self {
            bytes: bytes.into(),
            directory,
        })
    }

    /// Returns the path below the root; `.` for the root itself.
    pub fn path(&self) -> &Path {
        let bytes = if self.bytes.is_empty() {
            b"."
        } else {
            &*self.bytes
        };
        Path::new(OsStr::from_bytes(bytes))
    }

    /// Tells whether the path ends with a slash, and so is that of a directory.
    pub const fn is_directory(&self) -> bool {
        self.directory
    }
}

/// Refuses names that no file has, and those that are hidden.
fn check(name: &[u8]) -> Result<(), Misplaced> {
    let hidden = name.first() == Some(&b'.') && name != WELL_KNOWN;
    if name.is_empty() || hidden || name.contains(&b'/') || name.contains(&0) {
        return Err(Misplaced::NotFound);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_and_kept_below_the_root() {
        let rows = [
            ("/", ".", true),
            ("/a", "a", false),
            ("/a/", "a", true),
            ("/a/b.html", "a/b.html", false),
            ("/a%20b", "a b", false),
            ("/%c3%a9", "\u{e9}", false),
            ("/a..b", "a..b", false),
            ("/.well-known/x", ".well-known/x", false),
        ];
        for (path, decoded, directory) in rows {
            let place = FilePath::parse(path).unwrap();
            let found = (place.path().to_str().unwrap(), place.is_directory());
            assert_eq!(found, (decoded, directory), "{path}");
        }
    }

    #[test]
    fn paths_that_lead_nowhere_are_refused() {
        let rows = [
            ("/%61%2Fb", Misplaced::NotFound),
            ("/%41%", Misplaced::Malformed),
            ("/%4", Misplaced::Malformed),
            ("/%zz", Misplaced::Malformed),
            ("/%+1", Misplaced::Malformed),
            ("/..", Misplaced::NotFound),
            ("/../a", Misplaced::NotFound),
            ("/a/../b", Misplaced::NotFound),
            ("/a/%2e%2E/b", Misplaced::NotFound),
            ("/.%2e/", Misplaced::NotFound),
            ("/./a", Misplaced::NotFound),
            ("//a", Misplaced::NotFound),
            ("/a//b", Misplaced::NotFound),
            ("/a%00b", Misplaced::NotFound),
            ("/.git/config", Misplaced::NotFound),
            ("*", Misplaced::NotFound),
        ];
        for (path, why) in rows {
            assert_eq!(FilePath::parse(path), Err(why), "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_path_leads_out(path in "/([.%/a-c]|%2e|%2f|%00){0,12}") {
            if let Ok(place) = FilePath::parse(&path) {
                let inside = place.path().components().all(|part| matches!(
                    part,
                    std::path::Component::Normal(_) | std::path::Component::CurDir
                ));
                proptest::prop_assert!(inside, "{place:?}");
            }
        }
    }
}
