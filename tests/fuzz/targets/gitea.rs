//! Payloads of Gitea.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| gitsyncd::http::fuzzing::payload("gitea", body));
