//! Ways in for fuzzers, who cannot make signatures. What must never happen panics here.

use crate::http::webhook::fuzzing;

/// Reads a body as a payload of the provider that logs call so, for each of its events, as if it
/// had been signed; and judges it as it is, without a signature.
pub fn payload(provider: &str, body: &[u8]) {
    fuzzing::payload(provider, body);
}

/// Judges a head and a body whose sender knows no secret.
pub fn delivery(bytes: &[u8]) {
    fuzzing::delivery(bytes);
}
