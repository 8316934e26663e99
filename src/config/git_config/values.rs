//! Reads the values of settings as Git reads them.

/// A boolean. An empty value is one, too.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Ok(true),
        "false" | "no" | "off" | "" => Ok(false),
        _ => number(text)
            .map(|number| number != 0)
            .map_err(|_complaint| format!("{text:?} is neither true nor false")),
    }
}

/// A whole number, perhaps of thousands.
pub(super) fn number(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not a whole number");
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (text.get(..text.len() - 1), 1 << 10),
        Some(b'm' | b'M') => (text.get(..text.len() - 1), 1 << 20),
        Some(b'g' | b'G') => (text.get(..text.len() - 1), 1 << 30),
        Some(_) | None => (Some(text), 1_i64),
    };
    let number = digits.and_then(|digits| digits.trim_start().parse::<i64>().ok());
    number.and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)
}
