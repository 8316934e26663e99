//! Where it goes, and what is kept.

use crate::config::options::{Fallback, Opt, PLAIN, Reading, Scope, reads, same};

pub(super) const PLACE: &[Opt] = &[
    Opt {
        key: "root",
        metavar: Some("DIR"),
        fallback: Fallback::Text("/git"),
        peer: Some(Fallback::Required),
        short: "The working directory",
        long: "Everything is kept below it: the repository in `.git`, the trees in `.worktrees`, \
               the status in `.git-sync`. It is made if it is missing. A relative path counts \
               from the current directory. It cannot be `/`.",
        aliases: &[same("GITOPS_LOCAL_PATH")],
        ..PLAIN
    },
    Opt {
        key: "link",
        metavar: Some("PATH"),
        fallback: Fallback::Text("latest"),
        peer: Some(Fallback::Words("the last part of repo")),
        scope: Scope::One,
        short: "The symlink that readers use",
        long: "It always names the whole tree of one commit and moves in one step. A relative \
               path counts from the root. It cannot be the root, above the root, or inside of \
               `.git`, `.worktrees` or `.git-sync`, and its name may have 241 bytes.",
        old: &[same("dest")],
        ..PLAIN
    },
    Opt {
        key: "publish",
        metavar: Some("MODE"),
        choices: &["symlink", "exchange", "copy"],
        fallback: Fallback::Text("symlink"),
        short: "How a tree is shown: symlink, exchange, copy",
        long: "With `symlink`, `--link` is a symlink that names a tree.\n\nWith `exchange`, it is a \
               directory that holds the tree itself, for readers that cannot follow a symlink. For \
               each commit, two directories exchange their names in one step: at each moment it is \
               the whole tree of one commit, and who is in the old one stays there. Root and link \
               must be on one file system that can do that (most on Linux can), and the link must \
               not be a mount point: mount what is above it. The commit stands in `.git-sync`, and \
               `git rev-parse HEAD` in the tree tells it.\n\nWith `copy`, it is a directory \
               into which the files are copied that differ, for where neither is possible: it may \
               be on another file system, or a mount point. Each file is replaced whole, but the \
               commit is not: while files are copied, readers may see some of the old commit and \
               some of the new one. The commit stands in `.git-sync` when all of it is there. There \
               is no `.git` in it.\n\nThe option may change between two \
               runs: what is published then is turned into the other form, in one step where the file system can.",
        ..PLAIN
    },
    Opt {
        key: "trees",
        metavar: Some("MODE"),
        choices: &["prepared", "reused", "fresh"],
        fallback: Fallback::Text("prepared"),
        short: "How trees are made: prepared, reused or fresh",
        long: "With `prepared`, a private copy of the published tree is made when there is nothing \
               else to do, and the next commit changes only what differs in it. The copy shares \
               blocks with the tree where the file system can (reflink), else it shares files \
               (hardlinks); where neither is possible, trees are written as with `fresh`. Where \
               files are shared, what a reader writes into a file of one tree shows in others \
               until it is noticed: mount the tree read-only, or use `fresh`.\n\nWith `reused`, \
               the tree that was replaced last is changed and published again: the least work, \
               for readers that go through the link at each use, since files change under those \
               that stayed in it.\n\nWith `fresh`, every file of every commit is written.",
        ..PLAIN
    },
    Opt {
        key: "durable",
        metavar: Some("on|off"),
        choices: &["on", "off"],
        fallback: Fallback::Text("off"),
        short: "Wait for the disk before a tree is shown",
        long: "With `on`, everything on the file system of the root is written to the disk (syncfs) \
               before the link moves, so that after a power failure the link names a tree whose files \
               are whole. That takes as long as the disk needs for all that waits to be written, also by \
               other programs. With `off`, the packs, the refs, the index and the link are, \
               and files are not: the first look after a restart compares the size and time of \
               each file with what was published. What `--publish=copy` copies is not waited for.",
        ..PLAIN
    },
    Opt {
        key: "drift",
        metavar: Some("MODE"),
        choices: &["repair", "report", "off"],
        fallback: Fallback::Text("repair"),
        peer: Some(Fallback::Text("report")),
        short: "If the tree is changed: repair, report, off",
        long: "At each sync the size, time and mode of some files are compared with what was \
               published, going round, and of all files at the start. With `repair` a tree that \
               was changed is replaced in one step, with `report` there is a warning, and with \
               `off` only the link and the directory are looked at. Files that were added are not \
               seen.",
        ..PLAIN
    },
    Opt {
        key: "stale-worktree-timeout",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("1m"),
        peer: Some(Fallback::Text("0")),
        short: "How long a tree stays once replaced",
        long: "Readers that found their way through the link just before it moved can finish in \
               the old tree. `0` removes it at once.",
        ..PLAIN
    },
    Opt {
        key: "keep-trees",
        metavar: Some("N"),
        fallback: Fallback::Text("0"),
        short: "How many replaced trees stay after that",
        long: "The trees that were replaced last stay beyond `--stale-worktree-timeout`, with the \
               objects that Git needs in them, over restarts too. A rollback to one of them shows \
               it again at once, as it is, if nobody changed it. With `--trees=reused` these are \
               not the ones that are changed, but the one replaced before them is.",
        ..PLAIN
    },
    Opt {
        key: "git-gc",
        metavar: Some("MODE"),
        choices: &["auto", "always", "aggressive", "off"],
        fallback: Fallback::Text("auto"),
        peer: Some(Fallback::Text("always")),
        short: "When to remove objects that nothing needs",
        long: "`auto` makes one pack of what is needed and removes the others when there are more \
               than 50 packs, or when all of them together are larger than twice the largest and \
               64 MiB more. `always` does so after each publication. `aggressive` is the same as \
               `always`, but takes more time to compress what has to be compressed anew; it looks \
               for no new deltas. `off` never does it: the repository grows with each change.\n\n\
               What is needed are the objects of the published commit, of the last five, of each \
               tree that has not gone yet, and of refs that others made. Syncs go on meanwhile.\n\n\
               The variable `GITSYNC_GARBAGE_COLLECTION` means `auto` if it is true and `off` if \
               it is false.",
        aliases: &[reads("GITSYNC_GARBAGE_COLLECTION", Reading::Either("auto", "off"))],
        ..PLAIN
    },
    Opt {
        key: "group-write",
        fallback: Fallback::Text("false"),
        scope: Scope::Process,
        short: "Let the group write what is made",
        long: "Files and directories get the modes 0664 and 0775, and otherwise 0644 and 0755, \
               whatever the umask is that the program was started with. It counts for what is made \
               from then on: each new tree as a whole, but nothing that is there already.",
        ..PLAIN
    },
    Opt {
        key: "add-user",
        fallback: Fallback::Text("false"),
        short: "Write a user to the configuration of the repository",
        long: "Git that is run in the root then knows a `user.name` and a `user.email`, unless the \
               repository has them. An entry in `/etc/passwd`, which is what git-sync adds, is not \
               needed for anything and not made.",
        ..PLAIN
    },
    Opt {
        key: "git",
        metavar: Some("FILE"),
        scope: Scope::Process,
        short: "Without effect: no git program is run",
        long: "It is accepted, with a warning, because git-sync has it.",
        ..PLAIN
    },
];
