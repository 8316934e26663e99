//! Gives the program a build ID: what a profile is matched by with the file of names that belongs to it
//! (docs/debugging.md). It builds nothing.
//!
//! It stands here because flags of `.cargo/config.toml` do not count where RUSTFLAGS are set.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bins=-Wl,--build-id=sha1");
}
