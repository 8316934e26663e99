//! Tools that these tests ask for, and what is said where one is not there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::process::installed;
use crate::support::skip;

/// Where `./test` puts the tools of Python that look at manifests.
const PYTHON: &str = "target/tools/manifests/bin/python";

/// Where a tool is; nothing, and a note that the test is left out, if it is not there.
pub(super) fn tool(name: &str, test: &str) -> Option<PathBuf> {
    let found = installed(name);
    if found.is_none() {
        skip::note(test, &format!("{name} is not installed"));
    }
    found
}

/// The interpreter that knows the schemas, as [`tool`] does.
pub(super) fn python(test: &str) -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(PYTHON);
    let looks = "import compose, jsonschema, kubernetes_validate, yaml";
    let knows = Command::new(&python).args(["-c", looks]).output();
    if knows.is_ok_and(|knows| knows.status.success()) {
        return Some(python);
    }
    skip::note(test, "kubernetes-validate is not there; ./test installs it");
    None
}
