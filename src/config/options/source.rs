//! What to follow.

use crate::config::options::{Exposure, Fallback, Many, Opt, PLAIN, Scope, same, unless};

pub(super) const SOURCE: &[Opt] = &[
    Opt {
        key: "repo",
        metavar: Some("URL"),
        fallback: Fallback::Required,
        exposure: Exposure::Address,
        scope: Scope::One,
        short: "The repository to follow",
        long: "An `http://`, `https://`, `ssh://`, `git://` or `file://` URL, `user@host:path` for \
               SSH, or the path of a local repository, whose refs are watched. A user name and a password inside the URL are used and never shown; \
               `--username` and `--password-file` are better places for them. For SSH the user is \
               `git` unless the address names another, and there must be no password in it.",
        aliases: &[same("GITOPS_BASE_REPO_URL")],
        ..PLAIN
    },
    Opt {
        key: "fallback-repo",
        metavar: Some("URL"),
        many: Many::Spaces,
        exposure: Exposure::Address,
        scope: Scope::One,
        short: "The same repository elsewhere, if it fails there",
        long: "Asked in the same sync when `--repo` cannot be reached or does not let us in; several \
               are tried in their order, and each may use up its share of `--sync-timeout`. A ref \
               that `--repo` does not have is not looked for elsewhere. From a fallback, nothing is \
               published that was committed before what readers see, so a mirror may lag behind. \
               User name and password of `--repo` are not sent to other servers: use `--credential`.",
        ..PLAIN
    },
    Opt {
        key: "ref",
        metavar: Some("NAME"),
        fallback: Fallback::Text("HEAD"),
        short: "Branch, tag, ref name, commit id, semver: or tag:",
        long: "A short name is looked up as Git does: a tag comes before a branch of the same \
               name. `HEAD` is what the server calls its default branch. A commit is given by its \
               full id, of 40 digits, or of 64 in a SHA-256 repository; it is fetched once and \
               never changes. The beginning of an id, at least seven letters, works only while a \
               branch or tag is at that commit.\n\n`semver:RANGE` is the newest tag whose \
               version is in the range, as in `semver:^1.4` or `semver:>=1.2, <3 || 5.*`; tags may \
               begin with a `v`. Prereleases count only if the range names one, as in \
               `semver:>=2.0.0-0`, and `semver:>=2.0.0-rc` takes those from `rc` on: more of it is in \
               `docs/refs.md`. `tag:GLOB` is the newest tag of a form, by the order of \
               versions, as in `tag:release-*`.",
        old: &[unless("rev", "HEAD"), same("branch")],
        aliases: &[same("GITSYNC_BRANCH"), same("GITOPS_BRANCH")],
        ..PLAIN
    },
    Opt {
        key: "depth",
        metavar: Some("N"),
        fallback: Fallback::Text("1"),
        short: "How many commits of history to keep; 0 keeps all",
        long: "Only the history gets shorter, never the directory. With `1` the least is fetched.",
        ..PLAIN
    },
    Opt {
        key: "filter",
        metavar: Some("SPEC"),
        short: "A partial clone, as in blob:none",
        long: "The forms are those of Git: `blob:none`, `blob:limit=1m`, `tree:0`. What is published is \
               the same with and without it: what the commit needs and the server left out is fetched \
               at once. It pays together with `--sparse-path` or `--sparse-checkout-file`, of which \
               only the files that are written are fetched then, and with `--depth=0`. With `tree:0` \
               and `--sparse-path`, directories that are not written are not fetched either; Git \
               needs the server to look into them. A server that cannot filter sends everything.",
        ..PLAIN
    },
    Opt {
        key: "sparse-checkout-file",
        metavar: Some("FILE"),
        short: "A file of patterns; only matching files are written",
        long: "The form is that of Git's `info/sparse-checkout`, which is that of `gitignore`: the last \
               pattern that matches a file decides, and files are left out that no pattern matches. \
               The file is read again when it changes. A relative path counts from the current \
               directory.",
        ..PLAIN
    },
    Opt {
        key: "sparse-path",
        metavar: Some("DIR"),
        many: Many::Colons,
        short: "A directory of the repository; only these are written",
        long: "Several can be given. As with `git sparse-checkout set --cone`, the files right in the \
               directories above them are written too, those at the top among them. `.` is all.",
        aliases: &[same("GITOPS_MANIFEST_PATH")],
        ..PLAIN
    },
    Opt {
        key: "submodules",
        metavar: Some("MODE"),
        choices: &["recursive", "shallow", "off"],
        fallback: Fallback::Text("recursive"),
        short: "Submodules: recursive, shallow or off",
        long: "With `recursive`, submodules are fetched, and theirs; with `shallow`, only they; with \
               `off`, they stay empty directories. A commit of which a submodule cannot be had is not \
               published.",
        ..PLAIN
    },
    Opt {
        key: "lfs",
        metavar: Some("on|off"),
        choices: &["on", "off"],
        fallback: Fallback::Text("off"),
        short: "Files of Git LFS instead of pointers to them",
        long: "With `on`, files that attributes give to Git LFS (`filter=lfs`) are brought from its \
               server, compared with what their pointers say, and written in their place. One that \
               cannot be had, or is not what it should be, fails the attempt. With `off`, pointers \
               are written, as Git does without LFS. The server is the one that `lfs.url` of \
               `git-config` names, or `.lfsconfig`, or else that of the repository; at another host \
               than the repository, only a `credential` for its address is used. docs/lfs.md shows \
               each set-up, and how much disk it takes.",
        ..PLAIN
    },
    Opt {
        key: "max-object-size",
        metavar: Some("SIZE"),
        fallback: Fallback::Text("1GiB"),
        short: "The largest object that is taken; 0 for any",
        long: "A file, above all; `0` is no limit. A size is a number of bytes, or one with a unit of 1024, as in `512MiB` \
               or `1GiB`. An object is in memory as a whole, sometimes more than once, so a smaller \
               limit protects a small container from what a server may send: a few hundred kilobytes can \
               hold an object of as many megabytes. A commit that needs a larger one is not published, \
               and the attempt fails before any memory is taken for it. No more than four such \
               objects and 256 MiB are in memory while objects are put together. Large hosts of repositories take \
               no files above 100 MB. Files of Git LFS are not meant: they go to the disk as they come.",
        ..PLAIN
    },
    Opt {
        key: "max-pack-size",
        metavar: Some("SIZE"),
        fallback: Fallback::Text("64GiB"),
        short: "The most that one fetch brings; 0 for any",
        long: "In bytes, or with a unit as for `--max-object-size`, counted as they come from the server \
               or from a local repository. A fetch that is larger ends there, and what came of it is \
               removed. Where the disk has less room than this, the limit is what the disk holds, and the \
               disk is full for a while: give the half of it where other programs need it too. Files of \
               Git LFS are not counted.",
        ..PLAIN
    },
    Opt {
        key: "verify",
        metavar: Some("MODE"),
        choices: &["off", "head", "tag"],
        fallback: Fallback::Text("off"),
        short: "Publish only what is signed: off, head or tag",
        long: "With `head`, a commit is published only if it is signed by a key of `--verify-key-dir`; \
               with `tag`, only if the ref is an annotated tag that is signed so, by its own name. \
               That holds for rollback, pin and fallbacks too. What does not verify is refused: it is \
               not published, and not tried again until the ref, the keys or these options change. \
               That is no failure. docs/verify.md says what is checked.",
        ..PLAIN
    },
    Opt {
        key: "verify-key-dir",
        metavar: Some("DIR"),
        short: "The keys whose signatures count",
        long: "A directory, such as a mounted Secret or ConfigMap. Files whose names end in `.asc` \
               hold public keys of PGP, in armour; those that end in `.pub` hold public keys of SSH, \
               one a line; `revoked_keys` holds keys of SSH that do not count any more, in the same \
               form. They are read again when they change.",
        ..PLAIN
    },
    Opt {
        key: "config",
        metavar: Some("FILE"),
        scope: Scope::File,
        short: "A YAML file of options, for several repositories",
        long: "It holds options by their names without dashes, and can list several repositories, each \
               with options of its own. What flags and variables say comes first. The file is read \
               again when it changes: repositories come, change and go without a restart. \
               docs/several-repositories.md tells how it is written. A relative path counts from the \
               current directory, and so do paths in the file.",
        ..PLAIN
    },
];
