//! Where in a document a value is, for people: `$.environment.PATH`.

use std::fmt;

/// A path from the root of a document to a value.
///
/// It borrows the path of the value around it, so that walking a document
/// costs nothing until a fault has to be shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'p> {
    /// The document itself.
    Root,
    /// A member of an object.
    Member(&'p Path<'p>, &'p str),
    /// An element of a list, from 0.
    Element(&'p Path<'p>, usize),
}

/// Characters of a name that a path shows.
const NAME_CHARS_MAX: usize = 40;

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Root => f.write_str("$"),
            Self::Element(around, index) => write!(f, "{around}[{index}]"),
            Self::Member(around, name) if is_plain(name) => write!(f, "{around}.{name}"),
            Self::Member(around, name) => {
                let shown: String = name.chars().take(NAME_CHARS_MAX).collect();
                write!(f, "{around}[{shown:?}]")
            }
        }
    }
}

fn is_plain(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_names_are_quoted_and_cut() {
        let list = Path::Member(&Path::Root, "arguments");
        assert_eq!(Path::Element(&list, 3).to_string(), "$.arguments[3]");
        assert_eq!(
            Path::Member(&Path::Root, "a \"b\"").to_string(),
            r#"$["a \"b\""]"#
        );
        assert_eq!(Path::Member(&Path::Root, "").to_string(), r#"$[""]"#);
        let long = "n".repeat(1_000);
        assert!(Path::Member(&Path::Root, &long).to_string().len() < 60);
    }
}
