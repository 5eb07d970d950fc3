//! A package as the rules see it: its manifest, its `ARCHITECTURE.md` and its parsed sources.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// The directories of a package that hold Rust sources.
const SOURCE_DIRS: [&str; 4] = ["src", "tests", "benches", "examples"];

/// One package of the workspace.
#[derive(Debug, Default)]
pub struct Package {
    /// Its name in `Cargo.toml`.
    pub name: String,
    /// The text of `Cargo.toml`.
    pub manifest: String,
    /// The text of `ARCHITECTURE.md`; empty when there is none.
    pub architecture: String,
    /// Its sources, ordered by path.
    pub files: Vec<SourceFile>,
}

/// One Rust file.
pub struct SourceFile {
    /// Relative to the package, with `/` between the parts.
    pub path: String,
    /// As it stands on disk.
    pub text: String,
    /// The same, parsed.
    pub ast: syn::File,
}

impl Package {
    /// Reads the package in `dir`.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or a source cannot be parsed.
    pub fn read(dir: &Path) -> io::Result<Self> {
        let mut sources = Vec::new();
        for top in SOURCE_DIRS {
            collect(dir, top, &mut sources)?;
        }
        sources.sort();
        let architecture = fs::read_to_string(dir.join("ARCHITECTURE.md")).unwrap_or_default();
        Self::parse(
            fs::read_to_string(dir.join("Cargo.toml"))?,
            architecture,
            sources,
        )
    }

    /// Makes a package of texts: the manifest, the architecture, and paths with their sources.
    ///
    /// # Errors
    ///
    /// When a source cannot be parsed.
    pub fn parse<S: Into<String>>(
        manifest: S,
        architecture: S,
        sources: impl IntoIterator<Item = (S, S)>,
    ) -> io::Result<Self> {
        let manifest = manifest.into();
        let files = sources
            .into_iter()
            .map(|(path, text)| SourceFile::parse(path.into(), text.into()))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            name: name_in(&manifest).unwrap_or_default(),
            manifest,
            architecture: architecture.into(),
            files,
        })
    }

    /// The module paths that files of `src` make up, without the crate's roots.
    pub fn modules(&self) -> Vec<Vec<String>> {
        self.files.iter().filter_map(SourceFile::module).collect()
    }
}

impl SourceFile {
    fn parse(path: String, text: String) -> io::Result<Self> {
        let ast = syn::parse_file(&text).map_err(|error| {
            let line = error.span().start().line;
            io::Error::other(format!("{path}:{line}: {error}"))
        })?;
        Ok(Self { path, text, ast })
    }

    /// The path of the module that this file is, `["http", "parse"]` for `src/http/parse.rs`;
    /// nothing for crate roots and for files outside `src`.
    pub fn module(&self) -> Option<Vec<String>> {
        let inside = self.path.strip_prefix("src/")?.strip_suffix(".rs")?;
        if self.is_root() {
            return None;
        }
        let mut parts: Vec<String> = inside.split('/').map(String::from).collect();
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        Some(parts)
    }

    /// Whether a crate of `src` starts in this file.
    pub fn is_root(&self) -> bool {
        self.path == "src/lib.rs" || self.path == "src/main.rs" || self.path.starts_with("src/bin/")
    }

    /// Whether this file is compiled for tests, benches or examples only.
    pub fn is_for_tests(&self) -> bool {
        !self.path.starts_with("src/") || self.path.ends_with("/tests.rs")
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn collect(dir: &Path, inside: &str, sources: &mut Vec<(String, String)>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(dir.join(inside)) else {
        return Ok(()); // a package need not have every kind of source
    };
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = format!("{inside}/{name}");
        if entry.file_type()?.is_dir() {
            collect(dir, &path, sources)?;
        } else if Path::new(&name).extension().is_some_and(|end| end == "rs") {
            sources.push((path, fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

fn name_in(manifest: &str) -> Option<String> {
    let table: toml::Table = manifest.parse().ok()?;
    Some(table.get("package")?.get("name")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Package;

    #[test]
    fn module_paths_follow_the_files() {
        let files = [
            "src/lib.rs",
            "src/main.rs",
            "src/bin/hops.rs",
            "src/http/mod.rs",
            "src/http/parse.rs",
            "tests/tidy.rs",
        ];
        let sources = files.map(|path| (path, "//! x\n"));
        let package = Package::parse("[package]\nname = \"demo\"", "", sources).unwrap();
        assert_eq!(package.name, "demo");
        assert_eq!(package.modules(), [vec!["http"], vec!["http", "parse"]]);
    }

    #[test]
    fn a_source_that_does_not_parse_is_named_with_its_line() {
        let error = Package::parse("", "", [("src/a.rs", "//! x\nfn (")]).unwrap_err();
        assert!(error.to_string().starts_with("src/a.rs:2:"), "{error}");
    }
}
