//! Server-sent events: lines of text that a browser's `EventSource` reads.
//!
//! # Sources
//!
//! WHATWG HTML, §9.2 (server-sent events).

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::content::Content;
use super::message::Response;
use super::status::StatusCode;

/// One event of a stream of them, as text; or a comment, which keeps a silent
/// connection from being taken for a dead one.
///
/// Whatever the text is, it stays inside its field: data may have many lines,
/// names and identifiers none.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use seda_io::http::ServerSent;
///
/// let event = ServerSent::data("two\nlines")
///     .with_name("greeting")?
///     .with_id("7")?
///     .with_retry(Duration::from_secs(3));
/// assert_eq!(
///     event.as_str(),
///     "event: greeting\nid: 7\nretry: 3000\ndata: two\ndata: lines\n\n"
/// );
/// assert_eq!(ServerSent::comment("still here").as_str(), ": still here\n\n");
/// assert!(ServerSent::data("x").with_id("7\ndata: y").is_err());
/// # Ok::<(), seda_io::http::FieldError>(())
/// ```
///
/// It is sent by a [`Flow`](super::Flow) that began with [`head`](Self::head):
///
/// ```
/// use seda_core::{BoxError, Graph};
/// use seda_io::http::{Exchange, ServerSent};
///
/// let mut graph = Graph::new("greetings");
/// let greet = graph.stage("greet").each(|exchange: Exchange| {
///     let flow = exchange.stream(ServerSent::head());
///     flow.send(ServerSent::data("hello"))?;
///     flow.finish()?;
///     Ok(())
/// });
/// # let _ = greet;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerSent {
    text: String,
    /// Where fields are added: in front of the data, so that they hold for it.
    fields_end: usize,
}

impl ServerSent {
    /// Makes the head of an answer that is a stream of events.
    pub fn head() -> Response {
        Response::new(StatusCode::OK)
            .with_trusted("Content-Type", "text/event-stream")
            .with_trusted("Cache-Control", "no-store")
    }

    /// Makes an event with that data, of any number of lines.
    pub fn data(text: &str) -> Self {
        Self::of_lines("data: ", text)
    }

    /// Makes a comment, which the peer's program does not see.
    pub fn comment(text: &str) -> Self {
        Self::of_lines(": ", text)
    }

    fn of_lines(before: &str, lines: &str) -> Self {
        let mut text = String::with_capacity(lines.len() + 2 * before.len());
        for line in lines.replace("\r\n", "\n").split(['\n', '\r']) {
            text.extend([before, line, "\n"]);
        }
        text.push('\n');
        Self {
            text,
            fields_end: 0,
        }
    }

    /// Names the kind of the event; `message` where nothing is said.
    ///
    /// # Errors
    ///
    /// [`FieldError`] when the name has more than one line.
    pub fn with_name(self, name: &str) -> Result<Self, FieldError> {
        self.with_field("event", name)
    }

    /// Gives the event an identifier, which a client that comes back says in `Last-Event-ID`.
    ///
    /// # Errors
    ///
    /// [`FieldError`] when it has more than one line, or a null byte, for which
    /// clients would ignore it.
    pub fn with_id(self, id: &str) -> Result<Self, FieldError> {
        if id.contains('\0') {
            return Err(FieldError { field: "id" });
        }
        self.with_field("id", id)
    }

    /// Says how long a client whose connection has ended waits before it comes
    /// back, in whole milliseconds.
    #[must_use]
    pub fn with_retry(mut self, wait: Duration) -> Self {
        self.add("retry", &wait.as_millis().to_string());
        self
    }

    fn with_field(mut self, field: &'static str, value: &str) -> Result<Self, FieldError> {
        if value.contains(['\n', '\r']) {
            return Err(FieldError { field });
        }
        self.add(field, value);
        Ok(self)
    }

    fn add(&mut self, field: &str, value: &str) {
        let line = format!("{field}: {value}\n");
        self.text.insert_str(self.fields_end, &line);
        self.fields_end += line.len();
    }

    /// Returns the text as it is sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<ServerSent> for Content {
    fn from(event: ServerSent) -> Self {
        event.text.into()
    }
}

/// Says which field of a server-sent event would not stay inside its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    field: &'static str,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the field `{}` of an event holds a line end or a null; leave it out",
            self.field
        )
    }
}

impl Error for FieldError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads events as a browser does: the data of each, with its name and identifier.
    fn read(stream: &str) -> Vec<(String, String, String)> {
        let (mut events, mut id) = (Vec::new(), String::new());
        let (mut name, mut data) = (String::new(), String::new());
        for line in stream.replace("\r\n", "\n").split(['\n', '\r']) {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match (line, field) {
                ("", _) if !data.is_empty() => {
                    data.pop();
                    events.push((
                        std::mem::take(&mut name),
                        id.clone(),
                        std::mem::take(&mut data),
                    ));
                }
                ("", _) => name.clear(),
                (_, "event") => value.clone_into(&mut name),
                (_, "id") => value.clone_into(&mut id),
                (_, "data") => data.extend([value, "\n"]),
                _ => {}
            }
        }
        events
    }

    proptest! {
        #[test]
        fn a_browser_reads_what_was_meant(
            name in "[a-z:\n\r ]{0,6}",
            id in "[a-z:\n\r\0 ]{0,6}",
            data in "[a-z:\n\r ]{0,30}",
            comment in "[a-z:\n\r ]{0,30}",
        ) {
            let event = ServerSent::data(&data).with_retry(Duration::from_millis(1));
            let named = event.clone().with_name(&name);
            prop_assert_eq!(named.is_err(), name.contains(['\n', '\r']));
            let named = named.unwrap_or(event);
            let known = named.clone().with_id(&id);
            prop_assert_eq!(known.is_err(), id.contains(['\n', '\r', '\0']));
            let (name, id) = (
                if name.contains(['\n', '\r']) { String::new() } else { name },
                if known.is_err() { String::new() } else { id },
            );
            let event = known.unwrap_or(named);
            let stream = format!("{}{}", ServerSent::comment(&comment).as_str(), event.as_str());
            let data = data.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(read(&stream), [(name, id, data)]);
        }
    }
}
