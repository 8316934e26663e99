//! The end: an outcome becomes words on standard error and an exit code.
//!
//! The codes are a promise: 0 done, 1 failed, 2 bad usage or configuration.

use crate::command;
use crate::command::{Answer, Unanswered};
use crate::config;
use crate::config::{Order, Personality, Problem, Process, Request, Surroundings, Target};
use crate::daemon;
use crate::daemon::{DaemonError, Ended, Published};
use crate::model::Cause;
use crate::observe::log;
use crate::trigger::order::{Choice, Wish};
use crate::trigger::signal;
use std::ffi::OsString;
use std::io;
use std::io::Write;
use std::process::ExitCode;

/// How the program ended.
#[derive(Debug)]
pub enum Outcome {
    /// It did what it was asked.
    Done,
    /// It printed what it was asked for.
    Printed(String),
    /// It did not do what it was asked; why was logged.
    GaveUp,
    /// It could not even begin, or tell.
    Failed(Cause),
    /// It was asked wrongly, by this name.
    Misused(Vec<Problem>, Personality),
}

/// Keeps signals that ask for an end until somebody heeds them: the first thing to do. Where that
/// cannot be had, whoever listens to them later says so.
pub fn catch_signals() {
    signal::catch().unwrap_or_default();
}

/// Reads what is asked, and does it.
pub fn run(
    args: impl Iterator<Item = OsString>,
    vars: impl Iterator<Item = (OsString, OsString)>,
    surroundings: Surroundings,
) -> Outcome {
    let mut out = io::stdout();
    let mut args = args.peekable();
    let called_as = Personality::of(args.peek().map(OsString::as_os_str));
    let surroundings = Surroundings { recorded: Some(command::recorded), ..surroundings };
    let (fleet, warnings) = match config::load(args, vars, surroundings) {
        Ok(Request::Run { fleet, warnings }) => (fleet, warnings),
        Ok(Request::Check { fleet, warnings }) => {
            // What it finds is told in words; the log is for those who want to know more.
            return match if fleet.process.verbose > 0 { log_to(&fleet.process) } else { Ok(()) } {
                Ok(()) => answered(command::check(*fleet, warnings, out)),
                Err(outcome) => outcome,
            };
        }
        Ok(Request::Probe(to, wait)) => return answered(command::probe(to, wait, &mut out)),
        Ok(Request::Status(from, wait)) => {
            return answered(command::status(*from, wait, &mut out));
        }
        Ok(Request::Order(order)) => return carried_out(*order, called_as),
        Ok(Request::Print(text)) => return Outcome::Printed(text),
        Err(problems) => return Outcome::Misused(problems, called_as),
    };
    if let Err(outcome) = log_to(&fleet.process) {
        return outcome;
    }
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    match daemon::run(*fleet) {
        Ok(Ended::Well) => Outcome::Done,
        Ok(Ended::GaveUp | Ended::Interrupted) => Outcome::GaveUp,
        // The log has been set up, so that is where those who run it look.
        Err(error) => {
            tracing::error!("{}", Cause::of(&error));
            Outcome::GaveUp
        }
    }
}

/// Asks for something else to be published, or publishes it, and says what became of that.
fn carried_out(order: Order, called_as: Personality) -> Outcome {
    let (word, target) = (order.word, order.target.clone());
    let fleet = match command::order(order) {
        Ok(Answer::Done(text)) => return Outcome::Printed(text + "\n"),
        Ok(Answer::Ended(text)) => {
            drop(writeln!(io::stdout(), "{text}"));
            return Outcome::GaveUp;
        }
        Ok(Answer::Refused(why)) => return Outcome::Failed(Cause::new(why)),
        Ok(Answer::Unknown(problems)) => return Outcome::Misused(problems, called_as),
        Ok(Answer::Free(fleet)) => fleet,
        Err(error) => return Outcome::Failed(Cause::of(&error)),
    };
    if fleet.process.verbose > 0
        && let Err(outcome) = log_to(&fleet.process)
    {
        return outcome;
    }
    let wish = match &target {
        Target::Previous => Wish::Pin(Choice::Previous),
        Target::Current => Wish::Pin(Choice::Current),
        Target::Commit(commit) => Wish::Pin(Choice::Commit(commit.clone())),
        Target::Ref => Wish::Unpin,
        Target::Now => Wish::Sync,
    };
    match daemon::fulfil(*fleet, wish, &format!("gitsyncd {word}")) {
        Ok(Ok(Published { commit, waiting })) => {
            let commit = commit.map(|commit| commit.to_string()).unwrap_or_default();
            let told = match waiting {
                Some(waiting) if target == Target::Ref => command::unpinned(&commit, &waiting),
                Some(_) | None => command::done(&commit, &target),
            };
            Outcome::Printed(told + "\n")
        }
        Ok(Err(why)) => Outcome::Failed(Cause::new(why)),
        Err(error) => Outcome::Failed(Cause::of(&error)),
    }
}

fn log_to(process: &Process) -> Result<(), Outcome> {
    log::init(process.log_format, process.verbose).map_err(|error| {
        let source = Cause::of(&error);
        Outcome::Failed(Cause::of(&DaemonError::System { verb: "set up the log", source }))
    })
}

/// What the answer to a question comes to, which was told already.
fn answered(answer: Result<bool, Unanswered>) -> Outcome {
    match answer {
        Ok(true) => Outcome::Done,
        Ok(false) => Outcome::GaveUp,
        Err(error) => Outcome::Failed(Cause::of(&error)),
    }
}

/// Tells a person how it ended, and the system by a code. A reader who has gone away is no reason
/// to fail.
pub fn finish(outcome: &Outcome, out: &mut impl Write, err: &mut impl Write) -> ExitCode {
    let (told, code) = match outcome {
        Outcome::Done => (Ok(()), 0),
        Outcome::Printed(text) => (out.write_all(text.as_bytes()), 0),
        Outcome::GaveUp => (Ok(()), 1),
        Outcome::Failed(error) => (writeln!(err, "error: {error}"), 1),
        Outcome::Misused(problems, called_as) => (list(problems, *called_as, err), 2),
    };
    match told {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Ok(()) | Err(_) => ExitCode::from(code),
    }
}

fn list(problems: &[Problem], called_as: Personality, err: &mut impl Write) -> io::Result<()> {
    for problem in problems {
        let mark = if problem.is_warning() { "warning" } else { "error" };
        writeln!(err, "{mark}: {problem}")?;
    }
    writeln!(err, "{} --help lists the options.", called_as.label())
}
