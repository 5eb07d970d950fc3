//! No `unsafe` but in one measured file, and no exported macros.
//!
//! Looks at tokens, not at the syntax tree, so that the bodies of macros are covered
//! and words in comments and strings are not.

use std::str::FromStr;

use proc_macro2::{Ident, TokenStream, TokenTree};

use crate::finding::Finding;
use crate::package::{Package, SourceFile};

/// The one file that may say `unsafe`, and its package; its decision record is number 0001.
pub const UNSAFE_FILE: (&str, &str) = ("seda-core", "src/owned_cell.rs");

/// Reports `unsafe`, crate roots that do not forbid it, and exported macros.
pub fn check(package: &Package) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &package.files {
        let may_be_unsafe = UNSAFE_FILE == (package.name.as_str(), file.path.as_str());
        // What `syn` has parsed tokenizes, and a test would have failed before.
        let tokens = TokenStream::from_str(&file.text).unwrap_or_default();
        for_each_ident(tokens, &mut |ident| {
            let what = match ident.to_string().as_str() {
                "unsafe" if !may_be_unsafe => "`unsafe` needs a measurement and a decision record",
                "macro_export" => "macros are not exported: a function or a trait reads better",
                _ => return,
            };
            let line = ident.span().start().line;
            findings.push(Finding::new(&file.path, line, what));
        });
        findings.extend(check_root(package, file));
    }
    findings
}

/// The lint's level at crate roots: `forbid`, or `deny` where one file opts out.
fn check_root(package: &Package, file: &SourceFile) -> Option<Finding> {
    if !file.is_root() {
        return None;
    }
    let opts_out = package.name == UNSAFE_FILE.0;
    let level = if opts_out { "deny" } else { "forbid" };
    let wanted = format!("#![{level}(unsafe_code)]");
    let there = file.text.lines().any(|line| line.trim() == wanted);
    (!there).then(|| Finding::new(&file.path, 1, format!("the root lacks `{wanted}`")))
}

fn for_each_ident(tokens: TokenStream, each: &mut impl FnMut(&Ident)) {
    for tree in tokens {
        match tree {
            TokenTree::Ident(ident) => each(&ident),
            TokenTree::Group(group) => for_each_ident(group.stream(), each),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::package::Package;

    fn findings(name: &str, path: &str, text: &str) -> Vec<String> {
        let manifest = format!("[package]\nname = \"{name}\"");
        let package = Package::parse(manifest.as_str(), "", [(path, text)]).unwrap();
        check(&package).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unsafe_is_found_in_blocks_impls_and_macros_alone() {
        for text in [
            "fn f() {\n unsafe { g() } }",
            "\nunsafe impl Send for X {}",
            "fn f() {\n m!(a, [unsafe { g() }]) }",
            "\n#[unsafe(no_mangle)] fn f() {}",
        ] {
            let found = findings("demo", "src/a.rs", text);
            assert_eq!(found.len(), 1, "{text}");
            assert!(found[0].starts_with("src/a.rs:2: `unsafe`"), "{found:?}");
        }
        let words = "//! unsafe\nconst A: &str = \"unsafe\"; // unsafe\n";
        assert!(findings("demo", "src/a.rs", words).is_empty());
    }

    #[test]
    fn one_file_of_one_crate_may_be_unsafe() {
        let text = "#![allow(unsafe_code, reason = \"measured\")]\nunsafe impl Send for X {}";
        assert!(findings("seda-core", "src/owned_cell.rs", text).is_empty());
        assert_eq!(findings("seda-core", "src/other.rs", text).len(), 1);
        assert_eq!(findings("seda-io", "src/owned_cell.rs", text).len(), 1);
    }

    #[test]
    fn crate_roots_forbid_unsafe_code() {
        let forbid = "//! x\n#![forbid(unsafe_code)]\n";
        let deny = "//! x\n#![deny(unsafe_code)]\n";
        assert!(findings("demo", "src/lib.rs", forbid).is_empty());
        assert!(findings("seda-core", "src/lib.rs", deny).is_empty());
        for root in ["src/lib.rs", "src/main.rs", "src/bin/hops.rs"] {
            assert_eq!(findings("demo", root, deny).len(), 1);
        }
    }

    #[test]
    fn exported_macros_are_found() {
        let text = "#[macro_export]\nmacro_rules! m { () => {} }";
        assert_eq!(findings("demo", "src/a.rs", text).len(), 1);
    }
}
