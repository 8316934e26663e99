//! The hooks: whether the programs are there, and whom is told over HTTP. Nothing is run and nobody is
//! asked.

use crate::command::check::report::Report;
use crate::config::{Exec, Hooks};
use rustix::fs::{Access, AtFlags, CWD, accessat};
use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// Where a program is looked for if nothing says where.
const PLACES: &str = "/bin:/usr/bin";

const ADVICE: &str = "check that it is in the image, that it is executable, and its path";

/// Looks at each hook.
pub(super) fn look(hooks: &Hooks, report: &mut Report) {
    program("exechook-command", &hooks.exec, "", report);
    let gate = if hooks.gate { "; with --publish-gate it may hold a commit back" } else { "" };
    program("pre-publish-exechook-command", &hooks.pre_publish, gate, report);
    for url in &hooks.web.urls {
        // The rest of an address may be a secret.
        let host = url.url().host_str().unwrap_or_default();
        let port = url.url().port().map(|port| format!(":{port}")).unwrap_or_default();
        report.ok("webhook-url", format!("{host}{port} will be told; it is not asked now"));
    }
}

fn program(option: &str, exec: &Exec, note: &str, report: &mut Report) {
    let Some(name) = exec.command.first() else { return };
    let path = Path::new(name);
    if path.is_relative() && name.contains('/') {
        report.ok(option, format!("{name} is looked for in the tree{note}"));
    } else if path.is_absolute() {
        match can_run(path) {
            Ok(()) => report.ok(option, format!("{name} can be run{note}")),
            Err(error) => report.failed(option, format!("{name} cannot be run: {error}"), ADVICE),
        }
    } else {
        let places = env::var_os("PATH").unwrap_or_else(|| PLACES.into());
        if let Some(path) = found(name, &places) {
            report.ok(option, format!("{} can be run{note}", path.display()));
        } else {
            let told = format!("no program {name} is in PATH, {}", places.display());
            report.failed(option, told, ADVICE);
        }
    }
}

/// Finds a program by its name. Places that are relative are in the tree, of which nothing is known.
fn found(name: &str, places: &OsStr) -> Option<PathBuf> {
    let absolute = env::split_paths(places).filter(|place| place.is_absolute());
    absolute.map(|place| place.join(name)).find(|path| can_run(path).is_ok())
}

fn can_run(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_where_it_can_be_run() {
        let own = env::current_exe().unwrap();
        let name = own.file_name().unwrap().to_str().unwrap();
        let places =
            env::join_paths([Path::new("."), Path::new("/nowhere"), own.parent().unwrap()]);
        assert_eq!(found(name, &places.unwrap()), Some(own.clone()));
        assert_eq!(found(name, OsStr::new("")), None);
        assert!(can_run(own.parent().unwrap()).is_err());
    }
}
