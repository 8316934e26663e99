//! Payloads of Bitbucket Data Center.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| gitsyncd::http::fuzzing::payload(
    "bitbucket-data-center",
    body
));
