//! What the linker has to know, and cannot be told in Rust.
//!
//! Every program gets a build ID: what a profile is matched by with the file of names that belongs to it
//! (docs/debugging.md). It stands here because flags of `.cargo/config.toml` do not count where RUSTFLAGS
//! are set.
//!
//! A static program looks names up in `/etc/hosts` and by DNS, whatever `/etc/nsswitch.conf` says. The
//! resolver of glibc would load the modules that are named there, and with them the C library of the
//! host; where that has another version than the one linked here, the program is ended by a signal.

use std::path::Path;
use std::{env, fs, io};

/// `__nss_configure_lookup` is glibc's own way to say so (nss.h). It goes before main, so that no look-up
/// comes first.
const NAMES: &str = r#"
extern int __nss_configure_lookup(const char *database, const char *services);

__attribute__((constructor)) static void look_names_up_here(void) {
    __nss_configure_lookup("hosts", "files dns");
}
"#;

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by variables what to build"
)]
fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bins=-Wl,--build-id=sha1");
    let says = |name: &str| env::var(name).unwrap_or_default();
    let is_static = says("CARGO_CFG_TARGET_FEATURE").split(',').any(|name| name == "crt-static");
    if is_static && says("CARGO_CFG_TARGET_ENV") == "gnu" {
        let source = Path::new(&says("OUT_DIR")).join("names.c");
        fs::write(&source, NAMES)?;
        cc::Build::new().file(source).link_lib_modifier("+whole-archive").compile("names");
    }
    Ok(())
}
