//! Why something failed, in the words of whoever reported it.

use std::error::Error;
use std::fmt;

/// The text of an error and of all that caused it. It can be kept and copied when the error itself
/// cannot.
#[derive(Clone, PartialEq, Eq)]
pub struct Cause(String);

impl Cause {
    /// Says it in one's own words.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Takes the texts of an error and its sources, without those that only repeat their source.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            let words = cause.to_string();
            if !text.ends_with(&words) {
                text.push_str(": ");
                text.push_str(&words);
            }
            next = cause.source();
        }
        Self(text)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Cause {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes_and_nothing_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read /a")]
        struct Outer(#[source] Middle);
        #[derive(Debug, thiserror::Error)]
        #[error("the disk said: {0}")]
        struct Middle(#[source] std::io::Error);
        let error = Outer(Middle(std::io::Error::other("no")));
        assert_eq!(Cause::of(&error).to_string(), "cannot read /a: the disk said: no");
        assert_eq!(Cause::of(&std::io::Error::other("alone")).to_string(), "alone");
    }
}
