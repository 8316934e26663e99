//! What commands cost: time that passed, and time of processors.

use nix::sys::resource::{Usage, UsageWho, getrusage};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::sampler::{Memory, Sampler};

/// What something cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// The time that passed.
    pub(crate) wall: Duration,
    /// The processor time of the whole process tree, in user mode and in the kernel.
    pub(crate) cpu: Duration,
}

/// Runs commands one after the other, each of which must succeed, and measures them together.
///
/// The processor time is that of all children that ended meanwhile, with theirs in turn. Nothing
/// else that this process started may end during the call.
pub(crate) fn measure(commands: &mut [Command]) -> Cost {
    let before = spent();
    let begun = Instant::now();
    for command in commands {
        succeed(command);
    }
    Cost { wall: begun.elapsed(), cpu: spent().saturating_sub(before) }
}

/// Runs commands one after the other and watches the memory of their process trees. Watching
/// costs time, so no time is measured.
pub(crate) fn weigh(commands: &mut [Command]) -> Memory {
    let mut most = Memory::default();
    for command in commands {
        let mut child = silent(command).spawn().unwrap();
        let sampler = Sampler::start(child.id());
        let status = child.wait().unwrap();
        assert!(status.success(), "{command:?}: {status}");
        most = most.most(sampler.end());
    }
    most
}

/// Runs a command that must succeed.
pub(crate) fn succeed(command: &mut Command) {
    let status = silent(command).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// Lets time pass.
pub(crate) fn pause(length: Duration) {
    std::thread::sleep(length);
}

fn silent(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

fn spent() -> Duration {
    let usage: Usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let time = |seconds: i64, micros: i64| {
        Duration::from_secs(seconds.try_into().unwrap())
            + Duration::from_micros(micros.try_into().unwrap())
    };
    let (user, system) = (usage.user_time(), usage.system_time());
    time(user.tv_sec(), user.tv_usec()) + time(system.tv_sec(), system.tv_usec())
}
