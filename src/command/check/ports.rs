//! The ports: whether they are free, or a gitsyncd that uses the same root has them.

use crate::command::ask;
use crate::command::check::report::Report;
use crate::config::{Probe, Serving};
use crate::http;
use crate::runtime::Stop;
use std::io;
use std::time::Duration;

/// How long it may take to find out who has a port.
const TIME: Duration = Duration::from_secs(2);

/// Tries the address of each option. `in_use` if a gitsyncd is using the root.
pub(super) fn look(serving: &Serving, in_use: bool, report: &mut Report, stop: &Stop) {
    for (option, bind) in [("http-bind", &serving.bind), ("hook-bind", &serving.hook_bind)] {
        let Some(address) = bind else { continue };
        match stop.wait(http::bind(address)) {
            Ok(Ok(_listener)) => report.ok(option, format!("{address} is free")),
            Ok(Err(error)) if error.kind() == io::ErrorKind::AddrInUse => {
                taken(option, address, in_use, report, stop);
            }
            Ok(Err(error)) => report.failed(
                option,
                format!("could not listen on {address}: {error}"),
                "check that it is an address of this machine, and that this user may use the port",
            ),
            Err(stopped) => report.failed(option, stopped, "try again"),
        }
    }
}

fn taken(option: &str, address: &str, in_use: bool, report: &mut Report, stop: &Stop) {
    let urls = Probe::here(address, "/livez").unwrap_or_default();
    let to = Probe { urls, authorities: Vec::new() };
    let answers = ask::get(&to, None, &stop.or_sooner(TIME)).is_ok();
    if in_use && answers {
        report.ok(option, format!("{address} is taken, as it seems by the gitsyncd at the root"));
    } else {
        let told = format!("{address} is taken by another program");
        report.failed(option, told, "choose another port, or end what listens there");
    }
}
