//! What the linker has to know, and cannot be told in Rust.
//!
//! Every program gets a build ID: what a profile is matched by with the file of names that belongs to it
//! (docs/debugging.md). It stands here because flags of `.cargo/config.toml` do not count where RUSTFLAGS
//! are set.
//!
//! A static program looks names up in `/etc/hosts` and by DNS, whatever `/etc/nsswitch.conf` says. The
//! resolver of glibc would load the modules that are named there, and with them the C library of the
//! host; where that has another version than the one linked here, the program is ended by a signal.

use std::env;

/// Says it to glibc.
const NAMES: &str = "src/names.c";

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by variables what to build"
)]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={NAMES}");
    println!("cargo::rustc-link-arg-bins=-Wl,--build-id=sha1");
    let says = |name: &str| env::var(name).unwrap_or_default();
    let is_static = says("CARGO_CFG_TARGET_FEATURE").split(',').any(|name| name == "crt-static");
    if is_static && says("CARGO_CFG_TARGET_ENV") == "gnu" {
        cc::Build::new().file(NAMES).link_lib_modifier("+whole-archive").compile("names");
    }
}
