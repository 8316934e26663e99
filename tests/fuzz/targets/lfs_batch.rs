//! What a server of Git LFS says of where files are.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gitsyncd::lfs::fuzzing::answer(bytes));
