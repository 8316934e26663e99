//! Files of a repository that may be pointers of Git LFS.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gitsyncd::lfs::fuzzing::pointer(bytes));
