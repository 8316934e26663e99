//! Keeps a directory equal to a Git ref. The library does the work; this reads the process.

use gitsyncd::config::Surroundings;
use gitsyncd::exit;
use std::env;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    exit::catch_signals();
    let outcome = exit::run(env::args_os(), env::vars_os(), Surroundings::of_process());
    exit::finish(&outcome, &mut io::stdout(), &mut io::stderr())
}
