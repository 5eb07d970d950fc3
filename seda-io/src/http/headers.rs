//! Header fields: bounded, in the order they came, found without regard to case.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::mem;

use smallvec::SmallVec;

use super::method::is_token;

/// Fields that one message has at most.
pub const HEADERS_MAX: usize = 100;
/// Bytes, one less than 64 KiB: names and values that one message has at most.
pub const HEADER_BYTES_MAX: usize = u16::MAX as usize;
/// Fields whose places take no memory of their own.
const INLINE_FIELDS: usize = 8;

/// The header fields of one message.
///
/// Names are tokens and values hold no control characters but the tab, so no
/// value can end a line and begin a field of its own.
///
/// # Examples
///
/// ```
/// use seda_io::http::{HeaderError, Headers};
///
/// let mut headers = Headers::new();
/// headers.push("Accept", "text/html")?;
/// headers.push("accept", "text/plain")?;
/// assert_eq!(headers.get("ACCEPT"), Some("text/html"));
/// assert_eq!(headers.all("accept").count(), 2);
/// assert_eq!(headers.push("X-A", "1\r\nX-B: 2"), Err(HeaderError::Value));
/// # Ok::<(), HeaderError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// Names and values, one behind the other.
    text: Cow<'static, str>,
    fields: SmallVec<[Field; INLINE_FIELDS]>,
    /// How long the names are, a bit for each length. Most fields that are
    /// looked for are not there, and this says so without a look at any.
    lengths: u32,
}

/// Where one field lies in the text: its name from the end of the one before,
/// its value from `middle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    middle: u16,
    end: u16,
}

impl Headers {
    /// Makes an empty set of fields.
    pub const fn new() -> Self {
        Self {
            text: Cow::Borrowed(""),
            fields: SmallVec::new_const(),
            lengths: 0,
        }
    }

    /// Adds a field behind the others.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when the name is no token, the value holds a control
    /// character, or there are too many fields or bytes.
    pub fn push(&mut self, name: &str, value: &str) -> Result<(), HeaderError> {
        if !is_token(name) {
            return Err(HeaderError::Name);
        }
        if value
            .bytes()
            .any(|byte| byte != b'\t' && byte.is_ascii_control())
        {
            return Err(HeaderError::Value);
        }
        self.push_trusted(name, value)
    }

    /// Adds a field whose characters have been checked.
    pub(super) fn push_trusted(&mut self, name: &str, value: &str) -> Result<(), HeaderError> {
        if self.fields.len() >= HEADERS_MAX {
            return Err(HeaderError::TooMany);
        }
        if self.text.len() + name.len() + value.len() > HEADER_BYTES_MAX {
            return Err(HeaderError::TooLarge);
        }
        self.push_checked(name, value);
        Ok(())
    }

    /// Adds a field whose characters and bounds have been checked.
    pub(super) fn push_checked(&mut self, name: &str, value: &str) {
        let text = self.text.to_mut();
        text.push_str(name);
        let middle = place(text);
        text.push_str(value);
        let end = place(text);
        self.fields.push(Field { middle, end });
        self.lengths |= length_bit(name.len());
    }

    /// Gives the bytes that the fields take in a message.
    pub(super) fn wire_bytes(&self) -> usize {
        const AROUND: usize = ": \r\n".len();
        self.text.len() + self.fields.len() * AROUND
    }

    /// Makes one field of a name and a value that stand behind each other in
    /// `text`, the value from `middle`, all of it checked.
    pub(super) fn of_static(text: &'static str, middle: usize) -> Self {
        debug_assert!(text.is_char_boundary(middle), "between name and value");
        let lengths = length_bit(middle);
        let middle = u16::try_from(middle).unwrap_or(u16::MAX);
        let end = place(text);
        let mut headers = Self::new();
        headers.text = Cow::Borrowed(text);
        headers.fields.push(Field { middle, end });
        headers.lengths = lengths;
        headers
    }

    /// Makes room for fields and bytes that are about to be added.
    pub(super) fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self {
            text: Cow::Owned(String::with_capacity(bytes)),
            fields: SmallVec::with_capacity(fields),
            lengths: 0,
        }
    }

    /// Returns the number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Tells whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Iterates over names and values in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut next = 0;
        self.fields.iter().map(move |field| {
            let start = mem::replace(&mut next, field.end);
            let name = self.slice(start, field.middle);
            (name, self.slice(field.middle, field.end))
        })
    }

    /// Returns the value of the first field of that name, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Iterates over the values of all fields of that name, in any case.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = if self.may_have(name) {
            self.fields.as_slice()
        } else {
            &[]
        };
        let mut next = 0;
        fields.iter().filter_map(move |field| {
            let start = mem::replace(&mut next, field.end);
            // Most names have another length, and need no look at their letters.
            let alike = usize::from(field.middle - start) == name.len();
            let have = alike.then(|| self.slice(start, field.middle))?;
            have.eq_ignore_ascii_case(name)
                .then(|| self.slice(field.middle, field.end))
        })
    }

    /// Tells, without a look at any field, whether one may have that name.
    #[inline]
    pub(super) fn may_have(&self, name: &str) -> bool {
        self.lengths & length_bit(name.len()) != 0
    }

    fn slice(&self, from: u16, to: u16) -> &str {
        let range = usize::from(from)..usize::from(to);
        self.text.get(range).unwrap_or_default()
    }

    /// Iterates over the items of a comma-separated list that may span several fields.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let items = self.all(name).flat_map(|value| value.split(','));
        // No value holds a control character but the tab.
        items.map(str::trim_ascii)
    }

    /// Tells whether such a list has `item`, in any case.
    pub fn list_has(&self, name: &str, item: &str) -> bool {
        self.list(name).any(|have| have.eq_ignore_ascii_case(item))
    }
}

/// Gives the bit of a name's length; all that are longer share the last.
fn length_bit(length: usize) -> u32 {
    1 << length.min(31)
}

/// Gives the end of a text, whose length is bounded by [`HEADER_BYTES_MAX`].
fn place(text: &str) -> u16 {
    u16::try_from(text.len()).unwrap_or(u16::MAX)
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Says why a header field was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderError {
    /// The name is not a token.
    Name,
    /// The value holds a control character, such as a line end.
    Value,
    /// The message has [`HEADERS_MAX`] fields already.
    TooMany,
    /// The message would have more than [`HEADER_BYTES_MAX`] bytes of fields.
    TooLarge,
    /// The field is written by the connection, which alone knows its value.
    Reserved,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("the header name is not a token of RFC 9110"),
            Self::Value => f.write_str("the header value holds a control character"),
            Self::TooMany => write!(f, "the message has {HEADERS_MAX} header fields already"),
            Self::TooLarge => write!(f, "the header fields exceed {HEADER_BYTES_MAX} bytes"),
            Self::Reserved => f.write_str("the connection writes this header field itself"),
        }
    }
}

impl Error for HeaderError {}
