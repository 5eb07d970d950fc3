//! Imports inside a crate go by module path and never against the layer list.
//!
//! Covered are `use` declarations and paths in code, also inside macro calls, that start with
//! `crate`, `self`, `super` or a child module. Crate roots may name everything. Code for tests
//! only may look upwards (a cycle through a test ties no code together), but not through the root.

use crate::finding::Finding;
use crate::layers::Layers;
use crate::package::{Package, SourceFile};
use crate::paths::{self, Mention};

/// Reports imports through the crate's root, imports that run against the layers,
/// modules missing in the layer list, and listed ones that do not exist.
pub fn check(package: &Package) -> Vec<Finding> {
    let modules = package.modules();
    if modules.is_empty() {
        return Vec::new();
    }
    let layers = Layers::parse(&package.architecture);
    let mut findings = unlisted(package, &layers);
    findings.extend(vanished(&modules, &layers));
    for file in &package.files {
        let Some(module) = file.module() else {
            continue;
        };
        for mention in paths::mentions(file, &modules) {
            let what = against(&mention, &module, &modules, &layers);
            findings.extend(what.map(|what| Finding::new(&file.path, mention.line, what)));
        }
    }
    findings
}

fn unlisted(package: &Package, layers: &Layers) -> Vec<Finding> {
    let missing = |file: &&SourceFile| {
        let module = file.module();
        module.is_some_and(|module| layers.entry_of(&module).is_none())
    };
    let files = package.files.iter().filter(missing);
    let what = "is not in the `layers` list of ARCHITECTURE.md: say where it stands";
    files
        .map(|file| Finding::new(&file.path, 1, what))
        .collect()
}

fn vanished(modules: &[Vec<String>], layers: &Layers) -> Vec<Finding> {
    let entries = layers.entries().iter();
    entries
        .filter(|entry| {
            !modules
                .iter()
                .any(|module| module.starts_with(&entry.module))
        })
        .map(|entry| {
            let what = format!("lists `{}`, which does not exist", entry.module.join("::"));
            Finding::new("ARCHITECTURE.md", entry.line, what)
        })
        .collect()
}

/// What is wrong with a mention, if anything.
fn against(
    mention: &Mention,
    module: &[String],
    modules: &[Vec<String>],
    layers: &Layers,
) -> Option<String> {
    let target = modules
        .iter()
        .filter(|candidate| mention.path.starts_with(candidate))
        .max_by_key(|candidate| candidate.len());
    let Some(target) = target else {
        let path = mention.path.join("::");
        return Some(format!(
            "`crate::{path}` goes through the root: name the module that defines it"
        ));
    };
    let (from, to) = (layers.entry_of(module)?, layers.entry_of(target)?);
    if mention.for_tests || from.module == to.module || to.layer < from.layer {
        return None;
    }
    Some(format!(
        "`{}` is not below `{}` in ARCHITECTURE.md: move what both need below them, or mend the list",
        to.module.join("::"),
        from.module.join("::"),
    ))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::package::Package;

    const ARCHITECTURE: &str = "```layers\nclock error\nqueue\nhttp::parse\nhttp\n```";

    /// The findings when `path` has `text` and every other listed module is empty.
    fn findings(path: &str, text: &str) -> Vec<String> {
        let listed = [
            "src/clock.rs",
            "src/error.rs",
            "src/queue.rs",
            "src/http/mod.rs",
            "src/http/parse.rs",
        ];
        let mut sources: Vec<_> = listed.into_iter().map(|listed| (listed, "")).collect();
        sources.retain(|(listed, _)| *listed != path);
        sources.push((path, text));
        let package = Package::parse("", ARCHITECTURE, sources).unwrap();
        check(&package).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn downward_imports_are_fine() {
        for text in [
            "use crate::clock::Clock;",
            "use crate::{clock, error::Error};",
            "use super::clock::Clock;",
            "use crate::queue::Full; use self::inner::X; mod inner {}",
            "use std::fmt; use serde::Serialize;",
        ] {
            assert_eq!(findings("src/queue.rs", text), [""; 0], "{text}");
        }
        assert!(findings("src/http/mod.rs", "mod parse; pub use parse::Head;").is_empty());
        assert!(findings("src/http/parse.rs", "use crate::queue::Full;").is_empty());
    }

    #[test]
    fn upward_and_sideways_imports_are_found() {
        for (path, text) in [
            ("src/queue.rs", "\nuse crate::http::parse::Head;"),
            ("src/queue.rs", "\nuse {crate::{clock, http as web}};"),
            ("src/queue.rs", "\nfn f() -> crate::http::Answer { g() }"),
            ("src/queue.rs", "\nfn f() { m!(a, (crate::http::Answer)); }"),
            ("src/queue.rs", "\nmod inner { use super::super::http::*; }"),
            ("src/clock.rs", "\nuse crate::error::Error;"),
            ("src/http/parse.rs", "\nuse super::Answer;"),
        ] {
            let found = findings(path, text);
            assert_eq!(found.len(), 1, "{text}");
            assert!(found[0].starts_with(&format!("{path}:2: ")), "{found:?}");
            assert!(found[0].contains("is not below"), "{found:?}");
        }
    }

    #[test]
    fn imports_through_the_root_are_found() {
        for text in [
            "use crate::Queue;",
            "use super::Queue;",
            "use crate::*;",
            "fn f(a: crate::Queue) {}",
            "#[cfg(test)] mod tests { use crate::Queue; }",
        ] {
            let found = findings("src/http/mod.rs", text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains("through the root"), "{found:?}");
        }
    }

    #[test]
    fn roots_may_name_everything_and_tests_may_look_up() {
        let root = "pub use queue::Queue; use crate::Queue as Q;";
        assert!(findings("src/lib.rs", root).is_empty());
        for text in [
            "#[cfg(test)] mod tests { use crate::http::Answer; }",
            "#[cfg(all(test, unix))] use crate::http::Answer;",
        ] {
            assert!(findings("src/queue.rs", text).is_empty(), "{text}");
        }
        let not_test = "#[cfg(not(test))] use crate::http::Answer;";
        assert_eq!(findings("src/queue.rs", not_test).len(), 1);
    }

    #[test]
    fn the_list_and_the_modules_are_the_same() {
        let found = findings("src/sink.rs", "");
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("src/sink.rs:1: is not in"),
            "{found:?}"
        );
        let package = Package::parse("", ARCHITECTURE, [("src/clock.rs", "")]).unwrap();
        let gone = check(&package);
        assert_eq!(gone.len(), 4);
        assert_eq!(
            gone[1].to_string(),
            "ARCHITECTURE.md:3: lists `queue`, which does not exist"
        );
    }
}
