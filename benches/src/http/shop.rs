//! Gets the programs: what is installed, what is built, and what is missing.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::http::servers::{Origin, Server};

/// Programs that Debian has, with the package of each.
const INSTALLED: [(&str, &str); 2] = [("nginx", "nginx-light"), ("wrk", "wrk")];
/// Where Debian puts servers, which is not in everybody's path.
const FURTHER: &str = "/usr/sbin";

/// Knows where the programs are.
#[derive(Debug, Default)]
pub struct Shop {
    programs: BTreeMap<String, PathBuf>,
}

impl Shop {
    /// Finds the programs that are needed, of those that are installed.
    ///
    /// # Errors
    ///
    /// Says what is missing, and how to install it.
    pub fn stock(needed: &[&str]) -> Result<Self, String> {
        let mut programs = BTreeMap::new();
        let mut missing = Vec::new();
        for (name, package) in INSTALLED {
            match find(name) {
                Some(path) => drop(programs.insert(name.to_owned(), path)),
                None if needed.contains(&name) => missing.push(package),
                None => {}
            }
        }
        if missing.is_empty() {
            return Ok(Self { programs });
        }
        let missing = missing.join(" ");
        Err(format!(
            "{missing} missing: run `apt-get install {missing}`, or leave it out with `--only` and `--scenario`"
        ))
    }

    /// Builds the peers among the servers.
    ///
    /// # Errors
    ///
    /// When cargo cannot be run, or fails; it says why itself.
    pub fn build(&mut self, servers: &[Server]) -> io::Result<()> {
        let packages = servers.iter().filter_map(|server| match server.origin {
            Origin::Peer(package) => Some(package),
            Origin::Ours | Origin::Nginx => None,
        });
        let words: Vec<&str> = packages.flat_map(|package| ["-p", package]).collect();
        if words.is_empty() {
            return Ok(());
        }
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/Cargo.toml");
        let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--release", "--locked", "--message-format"])
            .args(["json-render-diagnostics", "--manifest-path"])
            .arg(manifest)
            .args(words)
            .stderr(Stdio::inherit())
            .output()?;
        if !built.status.success() {
            return Err(io::Error::other("the peers are not built"));
        }
        let report = String::from_utf8_lossy(&built.stdout);
        self.programs.extend(report.lines().filter_map(executable));
        Ok(())
    }

    /// Gives the program of a server.
    ///
    /// # Errors
    ///
    /// When it was not asked for before.
    pub fn program(&self, server: &Server) -> io::Result<PathBuf> {
        match server.origin {
            Origin::Ours => env::current_exe(),
            Origin::Peer(name) => self.installed(name),
            Origin::Nginx => self.installed("nginx"),
        }
    }

    /// Gives a program by its name.
    ///
    /// # Errors
    ///
    /// When it was not asked for before.
    pub fn installed(&self, name: &str) -> io::Result<PathBuf> {
        let known = self.programs.get(name).cloned();
        known.ok_or_else(|| io::Error::other(format!("no program `{name}`")))
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from(FURTHER)])
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
}

/// Reads one line of cargo's report.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let artifact: Value = serde_json::from_str(line).ok()?;
    let path = artifact.get("executable")?.as_str()?;
    let name = artifact.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(path)))
}

#[cfg(test)]
mod tests {
    use super::{executable, find};

    #[test]
    fn cargo_says_where_it_put_a_program() {
        let line =
            r#"{"reason":"compiler-artifact","target":{"name":"bare"},"executable":"/t/bare"}"#;
        assert_eq!(executable(line), Some(("bare".into(), "/t/bare".into())));
        let line = r#"{"reason":"compiler-artifact","target":{"name":"lib"},"executable":null}"#;
        assert_eq!(executable(line), None);
    }

    #[test]
    fn what_is_not_installed_is_not_found() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program").is_none());
    }
}
