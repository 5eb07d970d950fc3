//! JSON values that remember where in the text they stood (RFC 8259).
//!
//! Why a reader of our own: `serde_json` tells positions of syntax errors
//! only, never of values, and the crates that do either accept more than
//! JSON, keep no bound on depth, or are no longer kept. Only the structure is
//! read here; the contents of strings and numbers are left to `serde_json`,
//! which the tests also hold this reader against.

use super::fault::Span;

/// Lists and objects inside each other, at most.
pub(super) const DEPTH_MAX: usize = 16;

/// A value and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    /// Which one the text tells; no field asks so far.
    Bool,
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

/// A member of an object. Names may repeat: what that means is for the
/// reader of the object to say.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name_span: Span,
    pub(super) name: String,
    pub(super) value: Node,
}

/// Why a text is no JSON.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) span: Span,
    pub(super) message: String,
}

/// Reads a text that is one JSON value.
///
/// # Errors
///
/// Fails at the first place where the text is no JSON, or is nested deeper
/// than [`DEPTH_MAX`].
pub(super) fn read(text: &str) -> Result<Node, SyntaxError> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let node = reader.value()?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.unexpected("the end of the document")),
    }
}

struct Reader<'t> {
    text: &'t str,
    /// Bytes read so far; always at a character's start.
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips white space and returns the next byte without taking it.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.rest();
        let ink = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.at += rest.len() - ink.len();
        ink.bytes().next()
    }

    /// Takes the next byte if it is `wanted`.
    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn span_from(&self, start: usize) -> Span {
        Span {
            start,
            end: self.at,
        }
    }

    fn value(&mut self) -> Result<Node, SyntaxError> {
        let first = self.peek();
        let start = self.at;
        let value = match first {
            Some(b'{') => self.object()?,
            Some(b'[') => self.list()?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node {
            span: self.span_from(start),
            value,
        })
    }

    /// Takes an opening bracket, unless too many are open already.
    fn open(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} lists and objects inside each other");
            return Err(SyntaxError {
                span: self.span_from(start),
                message,
            });
        }
        Ok(())
    }

    /// Takes a closing bracket or the comma before the next item; tells
    /// whether it was the bracket.
    fn close_or_comma(&mut self, bracket: u8) -> Result<bool, SyntaxError> {
        if self.take(bracket) {
            self.depth -= 1;
            return Ok(true);
        }
        if self.take(b',') {
            return Ok(false);
        }
        Err(self.unexpected(&format!("`,` or `{}`", char::from(bracket))))
    }

    fn list(&mut self) -> Result<Value, SyntaxError> {
        self.open()?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.close_or_comma(b']')?;
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.close_or_comma(b']')? {
                return Ok(Value::List(items));
            }
        }
    }

    fn object(&mut self) -> Result<Value, SyntaxError> {
        self.open()?;
        let mut members = Vec::new();
        if self.peek() == Some(b'}') {
            self.close_or_comma(b'}')?;
            return Ok(Value::Object(members));
        }
        loop {
            members.push(self.member()?);
            if self.close_or_comma(b'}')? {
                return Ok(Value::Object(members));
            }
        }
    }

    fn member(&mut self) -> Result<Member, SyntaxError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a name in double quotes"));
        }
        let start = self.at;
        let name = self.string()?;
        let name_span = self.span_from(start);
        if !self.take(b':') {
            return Err(self.unexpected("`:` after the name"));
        }
        Ok(Member {
            name_span,
            name,
            value: self.value()?,
        })
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let Some(length) = quoted_length(self.rest()) else {
            let message = "this string has no closing `\"`".to_owned();
            return Err(SyntaxError {
                span: Span {
                    start,
                    end: self.text.len(),
                },
                message,
            });
        };
        self.at += length;
        self.decode(start)
    }

    fn number(&mut self) -> Result<Value, SyntaxError> {
        let start = self.at;
        let part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let rest = self.rest();
        self.at += rest.find(|c| !part(c)).unwrap_or(rest.len());
        self.decode(start).map(Value::Number)
    }

    /// Decodes the scalar between `start` and here.
    fn decode<T: serde::de::DeserializeOwned>(&self, start: usize) -> Result<T, SyntaxError> {
        let span = self.span_from(start);
        let token = self.text.get(span.start..span.end).unwrap_or_default();
        serde_json::from_str(token).map_err(|error| {
            // The token is all that the error's position refers to.
            let message = error.to_string();
            let (reason, _) = message.split_once(" at line ").unwrap_or((&message, ""));
            SyntaxError {
                span,
                message: format!("this is no JSON: {reason}"),
            }
        })
    }

    fn word(&mut self) -> Result<Value, SyntaxError> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let value = match rest.get(..length) {
            Some("null") => Value::Null,
            Some("true" | "false") => Value::Bool,
            _ => return Err(self.unexpected("a value")),
        };
        self.at += length;
        Ok(value)
    }

    /// Makes the error for the word or the character that stands here.
    fn unexpected(&mut self, wanted: &str) -> SyntaxError {
        let found = self.peek();
        let rest = self.rest();
        let word = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let character = rest.chars().next().map_or(0, char::len_utf8);
        let span = Span {
            start: self.at,
            end: self.at + word.max(character),
        };
        let message = match found {
            None => format!("expected {wanted}, but the document ends here"),
            Some(_) => format!("expected {wanted}"),
        };
        SyntaxError { span, message }
    }
}

/// Returns the length of the string literal that `text` starts with, quotes
/// included.
fn quoted_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    let closing = |(_, byte): &(usize, u8)| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    };
    let (at, _) = text.bytes().enumerate().skip(1).find(closing)?;
    Some(at + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `serde_json` makes of the same document.
    fn plain(text: &str, node: &Node) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool => (&text[node.span.start..node.span.end] == "true").into(),
            Value::Number(number) => number.clone().into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(|item| plain(text, item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|m| (m.name.clone(), plain(text, &m.value)))
                .collect(),
        }
    }

    /// Each span of a tree must hold a text that reads as the same value.
    fn check_spans(text: &str, node: &Node) {
        let token = &text[node.span.start..node.span.end];
        let value: serde_json::Value = serde_json::from_str(token).expect(token);
        assert_eq!(value, plain(text, node));
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| check_spans(text, item)),
            Value::Object(members) => members.iter().for_each(|member| {
                let name = &text[member.name_span.start..member.name_span.end];
                assert_eq!(serde_json::from_str::<String>(name).unwrap(), member.name);
                check_spans(text, &member.value);
            }),
            _ => {}
        }
    }

    fn agree(text: &str) {
        let theirs = serde_json::from_str::<serde_json::Value>(text);
        match (read(text), theirs) {
            (Ok(node), Ok(value)) => {
                assert_eq!(plain(text, &node), value, "{text:?}");
                check_spans(text, &node);
            }
            (Err(error), theirs) => {
                let too_deep = error.message.contains("inside each other");
                assert!(theirs.is_err() || too_deep, "{text:?}: {error:?}");
                assert!(error.span.start <= error.span.end && error.span.end <= text.len());
                assert!(text.is_char_boundary(error.span.start));
            }
            (Ok(_), Err(error)) => panic!("{text:?} was taken, but {error}"),
        }
    }

    #[test]
    fn agrees_with_serde_json_on_hard_cases() {
        let cases = concat!(
            r#"¦1¦-¦01¦1.¦-0¦1e5¦1e999¦18446744073709551616¦1 2¦"\u00e9\ud83d\ude00"¦"\ud83d"¦"\x""#,
            r#"¦"\\"¦"\\\""¦nul¦nulll¦true¦True¦[]¦[¦[1¦[1,¦[1,]¦[,]¦[1 2]¦{}¦{,}¦{"a"}¦{"a":}"#,
            r#"¦{"a":1,}¦{a:1}¦{"a":1 "b":2}¦]¦}¦[}¦/**/1¦NaN¦'a'¦ { "a" : [ { } , null ] } "#,
            "¦\u{feff}[]¦\u{a0}1¦\"a\nb\"¦ \t\r\n1¦\u{c}1",
        );
        cases.split('¦').for_each(agree);
    }

    #[test]
    fn errors_say_where_and_what() {
        let error = |text| read(text).expect_err(text);
        let missing = error("{\"a\": [1, 2\n \"b\"]}");
        assert_eq!(missing.message, "expected `,` or `]`");
        assert_eq!(missing.span, Span { start: 13, end: 14 });
        let open = error("[\"abc");
        assert_eq!(
            (open.span.start, open.message.as_str()),
            (1, "this string has no closing `\"`")
        );
        assert_eq!(error("[tru]").span, Span { start: 1, end: 4 });
        assert_eq!(
            error("[1").message,
            "expected `,` or `]`, but the document ends here"
        );
        assert!(
            error("[01]").message.starts_with("this is no JSON: "),
            "{:?}",
            error("[01]")
        );
        assert!(!error("[01]").message.contains(" at line "));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(DEPTH_MAX)).is_ok());
        let refused = read(&nested(DEPTH_MAX + 1)).unwrap_err();
        assert_eq!(
            refused.span,
            Span {
                start: DEPTH_MAX,
                end: DEPTH_MAX + 1
            }
        );
        assert!(read(&"[".repeat(1_000_000)).is_err());
        assert!(
            read(&format!("[{}]", vec!["[]"; 1_000].join(","))).is_ok(),
            "breadth is no depth"
        );
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_on_any_text(text in "\\PC{0,40}") {
            agree(&text);
        }

        #[test]
        fn agrees_with_serde_json_on_json_like_text(
            text in r#"([\[\]{},:"\\ \n\t]|true|null|-?[0-9]{1,3}|[.eE+]|\\u[0-9a-f]{4}|"[a-zé]{0,3}"){0,24}"#
        ) {
            agree(&text);
        }
    }
}
