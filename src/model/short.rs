//! Texts of others, which can be as long as somebody likes.

/// How much of a text is told, in letters.
const LONGEST: usize = 256;

/// The text, or as much of it as is told.
pub fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_letter() {
        assert_eq!(short("a text"), "a text");
        assert_eq!(short(&"ä".repeat(256)), "ä".repeat(256));
        assert_eq!(short(&"ä".repeat(257)), "ä".repeat(256) + "…");
    }
}
