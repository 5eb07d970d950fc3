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
        for server in servers {
            match server.origin {
                Origin::Peer(package) if !self.programs.contains_key(package) => {
                    self.programs.extend(built(package)?);
                }
                _ => {}
            }
        }
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

/// Builds one peer. Each is built alone, so that it is the same whoever else is
/// measured: cargo would join the features of what several depend on.
fn built(package: &str) -> io::Result<Vec<(String, PathBuf)>> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/Cargo.toml");
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--message-format"])
        .args(["json-render-diagnostics", "--package", package])
        .arg("--manifest-path")
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()?;
    if !built.status.success() {
        return Err(io::Error::other(format!("`{package}` is not built")));
    }
    let report = String::from_utf8_lossy(&built.stdout);
    Ok(report.lines().filter_map(executable).collect())
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
