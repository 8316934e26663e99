//! Payloads of Azure DevOps.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| gitsyncd::http::fuzzing::payload("azure-devops", body));
