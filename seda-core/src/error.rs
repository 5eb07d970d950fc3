//! The one error type that handlers return, and how a caught panic becomes words.

use std::any::Any;
use std::error::Error;

/// Is what a handler may fail with: any error that can cross threads.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Reads the message out of a caught panic.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::panic_message;

    #[test]
    fn a_panic_keeps_its_words() {
        assert_eq!(panic_message(&"static"), "static");
        assert_eq!(panic_message(&String::from("owned")), "owned");
        assert_eq!(panic_message(&7_u8), "a panic without a message");
    }
}
