//! Writes XML that is well-formed by construction: whatever is said in it is escaped.
//!
//! Source: W3C, "Extensible Markup Language (XML) 1.0", section 2.2 for the
//! characters that may stand in it. What it writes is HTML as well, as long as
//! elements without content are written by [`Markup::leaf`] inside `<svg>` only.

use std::fmt::{self, Display, Write};

/// What an element has beside its name.
pub(crate) type Attributes<'a> = &'a [(&'a str, &'a dyn Display)];

/// Is a text in the making, with the elements that are still open.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    text: String,
    open: Vec<&'static str>,
}

impl Markup {
    /// Begins an element.
    pub(crate) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.text.push('>');
        self.open.push(name);
    }

    /// Ends the element that was opened last.
    pub(crate) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push_str(">\n");
        }
    }

    /// Writes an element without content.
    pub(crate) fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.text.push_str("/>\n");
    }

    /// Writes an element that holds nothing but words.
    pub(crate) fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        words: impl Display,
    ) {
        self.open(name, attributes);
        self.say(words);
        self.close();
    }

    /// Writes words.
    pub(crate) fn say(&mut self, words: impl Display) {
        let written = write!(Escaping(&mut self.text), "{words}");
        debug_assert!(written.is_ok(), "a `Display` that fails");
    }

    /// Takes over what another one has written, or a style sheet of this crate.
    pub(crate) fn include(&mut self, written: &str) {
        self.text.push_str(written);
    }

    /// Ends all elements that are open, and gives the text.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn begin(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            self.text.push(' ');
            self.text.push_str(attribute);
            self.text.push_str("=\"");
            self.say(value);
            self.text.push('"');
        }
    }
}

/// Passes words on as they may stand between tags and in attributes.
struct Escaping<'t>(&'t mut String);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, words: &str) -> fmt::Result {
        for c in words.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\t' | '\n' => self.0.push(' '),
                // XML has no way to write these, not even escaped.
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                    self.0.push('\u{fffd}');
                }
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

/// Is a length or a place in pixels; a tenth is as fine as anybody sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Px(pub(crate) f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() / 10.0;
        // -0 would be written with its sign.
        write!(f, "{}", tenths + 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Markup, Px};

    #[test]
    fn words_and_attributes_are_escaped() {
        let mut markup = Markup::default();
        markup.element(
            "text",
            &[("title", &"a\"b'<&>")],
            "<script>\u{1}&\u{ffff}\n",
        );
        let expected = "<text title=\"a&quot;b&#39;&lt;&amp;&gt;\">\
                        &lt;script&gt;\u{fffd}&amp;\u{fffd} </text>\n";
        assert_eq!(markup.finish(), expected);
    }

    #[test]
    fn what_is_open_is_closed_in_order() {
        let mut markup = Markup::default();
        markup.open("svg", &[]);
        markup.open("g", &[]);
        markup.leaf("path", &[("d", &"M0 0")]);
        assert_eq!(
            markup.finish(),
            "<svg><g><path d=\"M0 0\"/>\n</g>\n</svg>\n"
        );
    }

    #[test]
    fn pixels_are_written_in_tenths() {
        assert_eq!(Px(1.25).to_string(), "1.3");
        assert_eq!(Px(-0.01).to_string(), "0");
        assert_eq!(Px(3.0).to_string(), "3");
    }
}
