//! No tracked file names a place of one machine or the host of a package registry.

use std::io;
use std::path::Path;
use std::process::Command;

use crate::finding::Finding;

/// Directories that exist on a developer's machine only, where they start a path.
const PLACES: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/ro", "ot/"),
];

/// Hosts that a user's own configuration may replace.
const HOSTS: [&str; 6] = [
    concat!("registry.npm", "js.org"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("py", "pi.org"),
    concat!("files.python", "hosted"),
    concat!("deb.debian", ".org"),
];

/// Reports places and hosts in the files that git tracks in `repository`.
///
/// # Errors
///
/// When git cannot list the files.
pub fn check(repository: &Path) -> io::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in tracked(repository)? {
        // What is not text, or was deleted and not yet committed, holds no words.
        let text = std::fs::read_to_string(repository.join(&path)).unwrap_or_default();
        if path != "Cargo.lock" {
            findings.extend(check_text(&path, &text));
        }
    }
    Ok(findings)
}

/// Lists the files that git tracks in `repository`.
///
/// # Errors
///
/// When git cannot list them.
pub fn tracked(repository: &Path) -> io::Result<Vec<String>> {
    let listing = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(repository)
        .output()?;
    if !listing.status.success() {
        let why = String::from_utf8_lossy(&listing.stderr).into_owned();
        return Err(io::Error::other(why));
    }
    let paths = String::from_utf8_lossy(&listing.stdout);
    Ok(paths.split_terminator('\0').map(str::to_owned).collect())
}

/// Reports places and hosts in the text of one file.
pub fn check_text(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = PLACES.iter().find(|place| starts_path(line, place));
        let host = HOSTS.iter().find(|host| line.contains(*host));
        if let Some(word) = place.or(host) {
            let what = format!("`{word}` belongs to one machine: take it out");
            findings.push(Finding::new(path, index + 1, what));
        }
    }
    findings
}

/// Whether `place` stands in `line` as the beginning of a path.
fn starts_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_ascii_alphanumeric() || "_.".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::{HOSTS, PLACES, check_text};

    #[test]
    fn places_are_found_where_they_start_a_path() {
        for place in PLACES {
            let text = format!("fine\ncd {place}main");
            assert_eq!(check_text("a", &text)[0].line, 2);
            assert!(check_text("a", &format!("src{place}main")).is_empty());
            assert!(check_text("a", &format!(".{place}main")).is_empty());
        }
    }

    #[test]
    fn hosts_are_found_anywhere() {
        for host in HOSTS {
            assert_eq!(check_text("a", &format!("https://{host}/x")).len(), 1);
        }
    }
}
