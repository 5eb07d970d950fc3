//! What the workspace depends on, held against `deny.toml` without network or further tools.
//!
//! `cargo deny` reads the same file and checks more; this keeps a machine without it honest.

use std::collections::BTreeMap;

use toml::Value;

use crate::finding::Finding;
use crate::licence;

/// The one registry that packages may come from, as `Cargo.lock` writes it.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Reports packages locked in several versions that `deny.toml` does not skip, skips without need
/// or reason, and packages of unknown origin.
///
/// # Errors
///
/// When one of the two texts is not TOML.
pub fn check_lock(deny: &str, lock: &str) -> Result<Vec<Finding>, toml::de::Error> {
    let (deny, lock) = (parse(deny)?, parse(lock)?);
    let mut findings = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in list(&lock, &["package"]) {
        let name = text(package, "name");
        versions
            .entry(name)
            .or_default()
            .push(text(package, "version"));
        let source = package.get("source").and_then(Value::as_str);
        if source.is_some_and(|source| source != REGISTRY) {
            let what = format!("`{name}` comes from neither the workspace nor the registry");
            findings.push(Finding::new("Cargo.lock", 1, what));
        }
    }
    versions.retain(|_, versions| versions.len() > 1);
    findings.extend(check_skips(&deny, &versions));
    Ok(findings)
}

/// All but one version of a package must be skipped, and nothing else may be.
fn check_skips(deny: &Value, versions: &BTreeMap<&str, Vec<&str>>) -> Vec<Finding> {
    let skips = list(deny, &["bans", "skip"]);
    let skipped = |name: &str, version: &str| {
        let wanted = format!("{name}@{version}");
        skips.iter().any(|skip| text(skip, "crate") == wanted)
    };
    let mut findings = Vec::new();
    for (name, versions) in versions {
        let kept = versions
            .iter()
            .filter(|version| !skipped(name, version))
            .count();
        if kept > 1 {
            let what = format!(
                "`{name}` is there as {}: unify or skip with a reason",
                versions.join(", ")
            );
            findings.push(Finding::new("deny.toml", 1, what));
        }
    }
    for skip in skips {
        let (id, reason) = (text(skip, "crate"), text(skip, "reason"));
        let needed = id.split_once('@').is_some_and(|(name, version)| {
            versions.get(name).is_some_and(|all| all.contains(&version))
        });
        if !needed || reason.is_empty() {
            let what = format!("the skip of `{id}` has no need or no reason");
            findings.push(Finding::new("deny.toml", 1, what));
        }
    }
    findings
}

/// Reports packages of `cargo metadata` whose licence `deny.toml` does not allow.
///
/// # Errors
///
/// When `deny` is not TOML.
pub fn check_licences(
    deny: &str,
    metadata: &serde_json::Value,
) -> Result<Vec<Finding>, toml::de::Error> {
    let deny = parse(deny)?;
    let allowed: Vec<&str> = list(&deny, &["licenses", "allow"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let packages = metadata
        .get("packages")
        .and_then(|packages| packages.as_array());
    let mut findings = Vec::new();
    for package in packages.into_iter().flatten() {
        let field = |name| {
            package
                .get(name)
                .and_then(|it| it.as_str())
                .unwrap_or_default()
        };
        if !licence::allows(&allowed, field("license")) {
            let what = format!(
                "`{}` asks for the licence `{}`",
                field("name"),
                field("license")
            );
            findings.push(Finding::new("deny.toml", 1, what));
        }
    }
    Ok(findings)
}

/// The array at the path `keys`; empty when there is none.
fn list<'t>(value: &'t Value, keys: &[&str]) -> &'t [Value] {
    let found = keys.iter().try_fold(value, |at, key| at.get(key));
    found.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'t>(value: &'t Value, key: &str) -> &'t str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn parse(text: &str) -> Result<Value, toml::de::Error> {
    text.parse().map(Value::Table)
}

#[cfg(test)]
mod tests {
    use super::{check_licences, check_lock};

    const LOCK: &str = r#"
        [[package]]
        name = "hashbrown"
        version = "0.15.5"
        source = "registry+https://github.com/rust-lang/crates.io-index"
        [[package]]
        name = "hashbrown"
        version = "0.17.1"
        source = "registry+https://github.com/rust-lang/crates.io-index"
        [[package]]
        name = "seda"
        version = "0.1.0"
    "#;

    fn deny(skips: &str) -> String {
        format!("[bans]\nskip = [{skips}]\n[licenses]\nallow = [\"MIT\"]")
    }

    #[test]
    fn a_second_version_needs_a_skip_with_a_reason() {
        let skip = r#"{ crate = "hashbrown@0.15.5", reason = "petgraph" }"#;
        assert_eq!(check_lock(&deny(skip), LOCK).unwrap(), []);
        assert_eq!(check_lock(&deny(""), LOCK).unwrap().len(), 1);
        let unreasoned = r#"{ crate = "hashbrown@0.15.5" }"#;
        assert_eq!(check_lock(&deny(unreasoned), LOCK).unwrap().len(), 1);
    }

    #[test]
    fn a_skip_without_need_is_found() {
        let skips = r#"{ crate = "hashbrown@0.15.5", reason = "x" }, { crate = "syn@1.0.0", reason = "x" }"#;
        let found = check_lock(&deny(skips), LOCK).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].what.contains("syn@1.0.0"), "{found:?}");
    }

    #[test]
    fn a_package_from_git_is_found() {
        let lock =
            "[[package]]\nname = \"x\"\nversion = \"1\"\nsource = \"git+https://example.org/x\"";
        assert_eq!(check_lock(&deny(""), lock).unwrap().len(), 1);
    }

    #[test]
    fn licences_outside_the_list_are_found() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "a", "license": "MIT OR GPL-3.0" },
            { "name": "b", "license": "GPL-3.0" },
            { "name": "c", "license": null },
        ] });
        let found = check_licences(&deny(""), &metadata).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
