//! What a document quotes from a program is what the program says.
//!
//! A line `<!-- quoted from PATH -->` says that the code block below it stands in that file of the
//! repository, line for line. Blocks of Rust that no doc test compiles must be such quotes.

use std::io;
use std::path::Path;

use crate::finding::Finding;
use crate::words;

const MARK: (&str, &str) = ("<!-- quoted from ", " -->");

/// Reports quotes in the documents of `repository` that differ from their source.
///
/// # Errors
///
/// When git cannot list the files.
pub fn check(repository: &Path) -> io::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in words::tracked(repository)? {
        if Path::new(&path).extension().is_some_and(|end| end == "md") {
            let text = std::fs::read_to_string(repository.join(&path)).unwrap_or_default();
            let source = |path: &str| std::fs::read_to_string(repository.join(path)).ok();
            findings.extend(check_text(&path, &text, source));
        }
    }
    Ok(findings)
}

/// Reports quotes in one document that differ from what `source` reads.
pub fn check_text(path: &str, text: &str, source: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut origin = None;
    while let Some((index, line)) = lines.next() {
        if let Some(fence) = line.strip_prefix("```") {
            let block: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| !line.starts_with("```"))
                .collect();
            let what = match origin.take() {
                Some(from) => differs(&block, from, &source),
                None if fence.starts_with("rust,ignore") => {
                    Some("nobody compiles this: make it a doc test, or a quote".to_owned())
                }
                None => None,
            };
            findings.extend(what.map(|what| Finding::new(path, index + 1, what)));
        } else if let Some(from) = line.strip_prefix(MARK.0) {
            origin = from.strip_suffix(MARK.1);
        }
    }
    findings
}

/// Says what is wrong with a quote, if anything.
fn differs(block: &[&str], from: &str, source: impl Fn(&str) -> Option<String>) -> Option<String> {
    let Some(source) = source(from) else {
        return Some(format!("`{from}` is not there to quote from"));
    };
    let lines: Vec<&str> = source.lines().collect();
    let found = !block.is_empty() && lines.windows(block.len()).any(|lines| lines == block);
    (!found).then(|| format!("`{from}` does not say this: quote it anew"))
}

#[cfg(test)]
mod tests {
    use super::check_text;

    fn findings(block: &str) -> Vec<String> {
        let text = format!("# Title\n\n{block}");
        let source = |path: &str| (path == "a.rs").then(|| "one\n  two\nthree\n".to_owned());
        let findings = check_text("x.md", &text, source);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn whole_files_and_lines_in_a_row_are_quotes() {
        for block in ["one\n  two\nthree", "  two\nthree"] {
            let quote = format!("<!-- quoted from a.rs -->\n```rust\n{block}\n```");
            assert!(findings(&quote).is_empty(), "{block}");
        }
    }

    #[test]
    fn other_words_and_other_files_are_not() {
        for (file, block) in [
            ("a.rs", "one\nthree"),
            ("a.rs", "two"),
            ("b.rs", "one"),
            ("a.rs", ""),
        ] {
            let quote = format!("<!-- quoted from {file} -->\n```rust,ignore\n{block}\n```\n");
            let found = findings(&quote);
            assert_eq!(found.len(), 1, "{block}");
            assert!(found[0].starts_with("x.md:4:"), "{found:?}");
        }
    }

    #[test]
    fn code_that_nobody_compiles_must_be_a_quote() {
        assert_eq!(findings("```rust,ignore\nlet x;\n```").len(), 1);
        assert!(findings("```rust\nlet x = 1;\n```\n```text\none\n```").is_empty());
    }
}
