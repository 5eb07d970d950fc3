//! Typed reading of the values of a document, one fault for each that is
//! wrong, and on with the next.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::ops::RangeInclusive;

use super::fault::{Faults, Span};
use super::path::Path;
use super::spanned::{Member, Node, Value};

/// Bytes of one text that becomes an argument or a variable of a process:
/// what Linux takes (`MAX_ARG_STRLEN`, 32 pages) less its closing NUL.
pub(super) const TEXT_BYTES_MAX: usize = 128 * 1024 - 1;

/// A value with its path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'n> {
    pub(super) node: &'n Node,
    pub(super) path: &'n Path<'n>,
}

/// A document under reading, and what was found wrong with it so far.
#[derive(Debug)]
pub(super) struct Form<'t> {
    text: &'t str,
    faults: Faults,
}

impl<'t> Form<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            faults: Faults::default(),
        }
    }

    /// Returns what was found wrong in the order of the text, and so ends
    /// the reading.
    pub(super) fn into_faults(mut self) -> Faults {
        self.faults
            .faults
            .sort_by_key(|fault| (fault.line, fault.column));
        self.faults
    }

    pub(super) fn fault_at(&mut self, span: Span, path: &Path<'_>, message: String) {
        if self.faults.is_full() {
            self.faults.omitted += 1;
        } else {
            self.faults
                .faults
                .push(span.fault(self.text, path.to_string(), message));
        }
    }

    pub(super) fn fault(&mut self, entry: Entry<'_>, message: String) {
        self.fault_at(entry.node.span, entry.path, message);
    }

    fn mismatch(&mut self, entry: Entry<'_>, wanted: &str) {
        let found = match &entry.node.value {
            Value::Null => "null: leave the field out instead",
            Value::Bool => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.fault(entry, format!("expected {wanted}, found {found}"));
    }

    /// Reads a string without NUL that is neither empty nor too long.
    pub(super) fn text<'n>(&mut self, entry: Entry<'n>) -> Option<&'n str> {
        let text = self.text_or_empty(entry)?;
        if text.is_empty() {
            self.fault(entry, "must not be empty".to_owned());
            return None;
        }
        Some(text)
    }

    /// Reads a string without NUL that is not too long.
    pub(super) fn text_or_empty<'n>(&mut self, entry: Entry<'n>) -> Option<&'n str> {
        let Value::Text(text) = &entry.node.value else {
            self.mismatch(entry, "a string");
            return None;
        };
        if text.contains('\0') {
            self.fault(
                entry,
                "holds a NUL byte, which no process can be given".to_owned(),
            );
            return None;
        }
        if text.len() > TEXT_BYTES_MAX {
            let message = format!(
                "has {} bytes, at most {TEXT_BYTES_MAX} are allowed",
                text.len()
            );
            self.fault(entry, message);
            return None;
        }
        Some(text)
    }

    /// Reads a whole number within `range`; `unit` is for the message.
    pub(super) fn whole<T>(
        &mut self,
        entry: Entry<'_>,
        range: &RangeInclusive<T>,
        unit: &str,
    ) -> Option<T>
    where
        T: Copy + Into<u64> + TryFrom<u64> + PartialOrd,
    {
        let (least, most) = ((*range.start()).into(), (*range.end()).into());
        let Value::Number(number) = &entry.node.value else {
            self.mismatch(
                entry,
                &format!("a whole number from {least} to {most} ({unit})"),
            );
            return None;
        };
        let figure = number.as_u64().and_then(|figure| T::try_from(figure).ok());
        let figure = figure.filter(|figure| range.contains(figure));
        if figure.is_none() {
            let message = format!("{number} is no whole number from {least} to {most} ({unit})");
            self.fault(entry, message);
        }
        figure
    }

    /// Reads a list of at most `most` items, each with `read`; those that
    /// are wrong are left out.
    pub(super) fn list<T>(
        &mut self,
        entry: Entry<'_>,
        most: usize,
        mut read: impl FnMut(&mut Self, Entry<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Value::List(items) = &entry.node.value else {
            self.mismatch(entry, "a list");
            return Vec::new();
        };
        if items.len() > most {
            let message = format!("has {} items, at most {most} are allowed", items.len());
            self.fault(entry, message);
            return Vec::new();
        }
        let mut kept = Vec::with_capacity(items.len());
        for (index, node) in items.iter().enumerate() {
            kept.extend(read(
                self,
                Entry {
                    node,
                    path: &Path::Element(entry.path, index),
                },
            ));
        }
        kept
    }

    /// Reads an object whose names do not repeat, as far as they do not.
    pub(super) fn members<'n>(&mut self, entry: Entry<'n>, most: usize) -> Option<Vec<&'n Member>> {
        let Value::Object(members) = &entry.node.value else {
            self.mismatch(entry, "an object");
            return None;
        };
        if members.len() > most {
            let message = format!("has {} members, at most {most} are allowed", members.len());
            self.fault(entry, message);
            return None;
        }
        let mut first = HashMap::with_capacity(members.len());
        let mut kept = Vec::with_capacity(members.len());
        for member in members {
            match first.entry(member.name.as_str()) {
                Vacant(place) => {
                    place.insert(member.name_span);
                    kept.push(member);
                }
                Occupied(place) => {
                    let message = format!(
                        "is given twice, first on line {}",
                        place.get().line(self.text)
                    );
                    let path = Path::Member(entry.path, &member.name);
                    self.fault_at(member.name_span, &path, message);
                }
            }
        }
        Some(kept)
    }
}
