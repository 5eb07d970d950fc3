//! Request methods and the characters a token may have.

use std::fmt;

/// What a request asks for.
///
/// Methods are case-sensitive; `get` is not `GET` but [`Other`](Self::Other).
///
/// # Sources
///
/// RFC 9110 §9, RFC 5789.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Method {
    /// Fetch a representation.
    Get,
    /// As `GET`, without the body.
    Head,
    /// Let the target process the body.
    Post,
    /// Make the target be what the body says.
    Put,
    /// Remove the target.
    Delete,
    /// Ask what the target can do.
    Options,
    /// Change a part of the target.
    Patch,
    /// Any other token.
    Other(Box<str>),
}

impl Method {
    /// Takes a token as a method; `None` when it is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use seda_io::http::Method;
    ///
    /// assert_eq!(Method::parse("GET"), Some(Method::Get));
    /// assert_eq!(Method::parse("BREW").unwrap().as_str(), "BREW");
    /// assert_eq!(Method::parse("G ET"), None);
    /// ```
    pub fn parse(token: &str) -> Option<Self> {
        Some(match token {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            "PATCH" => Self::Patch,
            other if is_token(other) => Self::Other(other.into()),
            _ => return None,
        })
    }

    /// Tells whether it only reads, so that the order in which several are
    /// handled does not matter (RFC 9110 §9.2.1). Unknown methods do not.
    pub const fn is_safe(&self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }

    /// Returns the method as it stands in a request line.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Other(token) => token,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Tells whether `text` is a token (RFC 9110 §5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}
