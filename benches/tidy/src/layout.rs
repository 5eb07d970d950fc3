//! Files are short and introduced, modules have names that say something, packages have no features.

use syn::visit::{self, Visit};

use crate::finding::Finding;
use crate::package::{Package, SourceFile};

/// The most lines of a file of `src`.
pub const LINES_MAX: usize = 400;
/// The most lines of a file of tests, benches or examples.
pub const TEST_LINES_MAX: usize = 600;
/// The most lines of `src/lib.rs`.
pub const LIB_LINES_MAX: usize = 60;
/// Module names that say nothing about what is inside.
pub const EMPTY_NAMES: [&str; 8] = [
    "common",
    "helper",
    "helpers",
    "manager",
    "misc",
    "util",
    "utils",
    "utilities",
];

/// Reports long or unintroduced files, empty or repeated names, and Cargo features.
pub fn check(package: &Package) -> Vec<Finding> {
    let mut findings: Vec<Finding> = package.files.iter().flat_map(check_file).collect();
    findings.extend(repeated_names(package));
    findings.extend(features(package));
    findings
}

fn check_file(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = file.text.lines().count();
    let most = lines_max(file);
    if lines > most {
        let what = format!("has {lines} lines (at most {most}): give each noun its own file");
        findings.push(Finding::new(&file.path, lines, what));
    }
    if !file.text.starts_with("//!") {
        let what = "does not open with a `//!` line that says what it is for";
        findings.push(Finding::new(&file.path, 1, what));
    }
    EmptyNames(&file.path, &mut findings).visit_file(&file.ast);
    findings
}

fn lines_max(file: &SourceFile) -> usize {
    if file.path == "src/lib.rs" {
        LIB_LINES_MAX
    } else if file.is_for_tests() {
        TEST_LINES_MAX
    } else {
        LINES_MAX
    }
}

/// Finds `mod` items whose name says nothing, whether they are files or not.
struct EmptyNames<'a>(&'a str, &'a mut Vec<Finding>);

impl<'ast> Visit<'ast> for EmptyNames<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        if EMPTY_NAMES.contains(&name.as_str()) {
            let line = module.ident.span().start().line;
            let what = format!("a module called `{name}` says nothing: name it by what it does");
            self.1.push(Finding::new(self.0, line, what));
        }
        visit::visit_item_mod(self, module);
    }
}

/// What directories of one kind may call their files, so that who has read one
/// has read all: a policy's constants and its tests.
const SHARED_NAMES: [&str; 2] = ["settings", "tests"];

/// A module name stands once in a crate, so that it can be said without its path.
fn repeated_names(package: &Package) -> Vec<Finding> {
    let named = |file: &SourceFile| file.module().and_then(|path| path.last().cloned());
    let mut findings = Vec::new();
    for (index, file) in package.files.iter().enumerate() {
        let Some(name) = named(file).filter(|name| !SHARED_NAMES.contains(&name.as_str())) else {
            continue;
        };
        let earlier = package.files.iter().take(index);
        if let Some(twin) = earlier
            .into_iter()
            .find(|twin| named(twin).as_ref() == Some(&name))
        {
            let what = format!("`{name}` is also the name of {}: rename one", twin.path);
            findings.push(Finding::new(&file.path, 1, what));
        }
    }
    findings
}

fn features(package: &Package) -> Option<Finding> {
    let found = package
        .manifest
        .lines()
        .position(|line| line.trim() == "[features]")?;
    let what = "no Cargo features: every combination would need its own tests";
    Some(Finding::new("Cargo.toml", found + 1, what))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::package::Package;

    fn findings(sources: &[(&str, &str)]) -> Vec<String> {
        let package = Package::parse("", "", sources.iter().copied()).unwrap();
        check(&package).iter().map(ToString::to_string).collect()
    }

    fn of_lines(lines: usize) -> String {
        "//! x\n".repeat(lines)
    }

    #[test]
    fn each_kind_of_file_has_its_own_limit() {
        for (path, most) in [
            ("src/a.rs", 400),
            ("src/main.rs", 400),
            ("src/lib.rs", 60),
            ("tests/a.rs", 600),
            ("src/a/tests.rs", 600),
            ("examples/a.rs", 600),
        ] {
            assert!(findings(&[(path, &of_lines(most))]).is_empty(), "{path}");
            assert_eq!(findings(&[(path, &of_lines(most + 1))]).len(), 1, "{path}");
        }
    }

    #[test]
    fn a_file_opens_with_what_it_is_for() {
        assert_eq!(findings(&[("src/a.rs", "// x\n")]).len(), 1);
        assert_eq!(findings(&[("tests/a.rs", "\n//! x\n")]).len(), 1);
        assert!(findings(&[("src/a.rs", "//! x\n")]).is_empty());
    }

    #[test]
    fn names_that_say_nothing_are_found_as_files_and_inline() {
        for text in ["mod util;", "mod common;", "mod a { mod helpers {} }"] {
            let found = findings(&[("tests/a.rs", &format!("//! x\n{text}"))]);
            assert!(found[0].starts_with("tests/a.rs:2:"), "{found:?}");
        }
        assert!(findings(&[("tests/a.rs", "//! x\nmod utility_bill;")]).is_empty());
    }

    #[test]
    fn a_module_name_stands_once() {
        let found = findings(&[
            ("src/a/mod.rs", "//! x"),
            ("src/a/classic.rs", "//! x"),
            ("src/b/classic.rs", "//! x"),
        ]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("src/a/classic.rs"), "{found:?}");
        let twice = [("src/a/tests.rs", "//! x"), ("src/b/tests.rs", "//! x")];
        assert!(findings(&twice).is_empty());
        let other_crate = [("src/a.rs", "//! x"), ("tests/a.rs", "//! x")];
        assert!(findings(&other_crate).is_empty());
    }

    #[test]
    fn features_are_found() {
        let package = Package::parse("[package]\n[features]\n", "", []).unwrap();
        assert_eq!(check(&package)[0].line, 2);
    }
}
