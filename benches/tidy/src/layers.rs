//! The layer list that a crate's `ARCHITECTURE.md` gives.
//!
//! A fenced block whose info string is `layers`: one layer a line, the bottom one first,
//! the modules of a line separated by spaces. A module may import only from earlier lines,
//! so modules of one line are independent of each other and cycles cannot be written down.
//! What is inside a listed module belongs to it (`http` covers `http::parse`),
//! unless it is listed for itself (`http::parse`).

/// The module list of a crate, in layers.
#[derive(Debug, Default)]
pub struct Layers {
    entries: Vec<Entry>,
}

/// A module of the list.
#[derive(Debug)]
pub struct Entry {
    /// Its path inside the crate, `["http", "parse"]`.
    pub module: Vec<String>,
    /// The layer it is in; 0 is the bottom.
    pub layer: usize,
    /// The line of `ARCHITECTURE.md` that lists it, from 1.
    pub line: usize,
}

impl Layers {
    /// Reads the `layers` block of an `ARCHITECTURE.md`; without one the list is empty.
    pub fn parse(architecture: &str) -> Self {
        let entries = architecture
            .lines()
            .enumerate()
            .skip_while(|(_, text)| text.trim() != "```layers")
            .skip(1)
            .take_while(|(_, text)| text.trim() != "```")
            .enumerate()
            .flat_map(|(layer, (index, text))| {
                text.split_whitespace().map(move |name| Entry {
                    module: name.split("::").map(String::from).collect(),
                    layer,
                    line: index + 1,
                })
            })
            .collect();
        Self { entries }
    }

    /// All entries, from the bottom.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry that `module` belongs to: the longest one that is a prefix of its path.
    pub fn entry_of(&self, module: &[String]) -> Option<&Entry> {
        self.entries
            .iter()
            .filter(|entry| module.starts_with(&entry.module))
            .max_by_key(|entry| entry.module.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Layers;

    fn path(text: &str) -> Vec<String> {
        text.split("::").map(String::from).collect()
    }

    #[test]
    fn lines_are_layers_and_the_longest_prefix_wins() {
        let layers = Layers::parse("# x\n```layers\nerror clock\nhttp::parse\nhttp\n```\nrest\n");
        let layer = |module| layers.entry_of(&path(module)).map(|entry| entry.layer);
        assert_eq!(layer("error"), Some(0));
        assert_eq!(layer("clock"), Some(0));
        assert_eq!(layer("http::parse::head"), Some(1));
        assert_eq!(layer("http::server"), Some(2));
        assert_eq!(layer("rest"), None);
        assert_eq!(layers.entries()[3].line, 5);
    }

    #[test]
    fn a_text_without_the_block_lists_nothing() {
        assert!(Layers::parse("# x\n```text\na\n```\n").entries().is_empty());
    }
}
