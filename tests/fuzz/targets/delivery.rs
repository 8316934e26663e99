//! Heads and bodies of webhooks whose senders know no secret.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gitsyncd::http::fuzzing::delivery(bytes));
