//! Whom to tell, and whom to ask first.

use crate::config::options::{Exposure, Fallback, Form, Many, Name, Opt, PLAIN, same};

pub(super) const HOOKS: &[Opt] = &[
    Opt {
        key: "exechook-command",
        metavar: Some("COMMAND"),
        exposure: Exposure::Command,
        form: Form::Command,
        short: "A program to run after each publication",
        long: "It is run in the new tree for each new commit, and after the first success since the \
               start even if nothing changed, so it may be run more than once for a commit. \
               `COMMAND` is the name of one program: one without a slash is looked for in `PATH`, \
               and a relative one with a slash in the tree. To give it arguments, write a JSON list: \
               `[\"./hook.sh\", \"--fast\"]`. There is no shell. `GITSYNC_HASH` tells the commit, \
               `GITSYNC_PREVIOUS_HASH` the one before, `GITSYNC_REF` the ref and `GITSYNC_REPO` the \
               repository. Variables of ours that may hold a secret are not passed on.",
        old: &[Name { variable: Some("GIT_SYNC_HOOK_COMMAND"), ..same("sync-hook-command") }],
        ..PLAIN
    },
    Opt {
        key: "exechook-timeout",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("30s"),
        short: "How long the program may take",
        long: "After that it is killed, with all that it started. At least `1s`.",
        ..PLAIN
    },
    Opt {
        key: "exechook-backoff",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("3s"),
        short: "The rest before the program is run again",
        long: "After a failure it is run again and again, until it succeeds or there is a newer \
               commit. At least `1s`.",
        ..PLAIN
    },
    Opt {
        key: "pre-publish-exechook-command",
        metavar: Some("COMMAND"),
        exposure: Exposure::Command,
        form: Form::Command,
        short: "A program to run before each publication",
        long: "It is run for each new commit in its tree, before readers see that, and is waited for. \
               Written as for `--exechook-command`, with the same variables. If it fails, the commit \
               is published all the same, and the program is run again later, unless \
               `--publish-gate` is given.",
        ..PLAIN
    },
    Opt {
        key: "pre-publish-exechook-timeout",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("30s"),
        short: "How long that program may take",
        long: "After that it is killed, with all that it started. At least `1s`. Keep it well below \
               `--sync-timeout`.",
        ..PLAIN
    },
    Opt {
        key: "pre-publish-exechook-backoff",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("3s"),
        short: "The rest before that program is run again",
        long: "After a failure it is run again and again, until it succeeds or there is a newer \
               commit. At least `1s`.",
        ..PLAIN
    },
    Opt {
        key: "publish-gate",
        fallback: Fallback::Text("false"),
        short: "Publish only what the program before agrees to",
        long: "If the program of `--pre-publish-exechook-command` fails or takes too long, the commit \
               is refused: it is not published, and not tried again until the ref or the command \
               changes; another file under the same command does not count. That is no failure. If \
               the program cannot be started, that is a failure, and tried again. What somebody asked \
               for by rollback or pin is published whatever the program says.",
        ..PLAIN
    },
    Opt {
        key: "webhook-url",
        metavar: Some("URL"),
        many: Many::Spaces,
        exposure: Exposure::Delicate,
        short: "Whom to tell over HTTP after each publication",
        long: "A request is sent for each new commit, and after the first success since the start \
               even if nothing changed, so it may be sent more than once for a commit. The header \
               `Gitsync-Hash` tells the commit. Can be given more than once; each is told apart from \
               the others. Of the URL only the host is ever logged, as the rest may be a secret.",
        ..PLAIN
    },
    Opt {
        key: "webhook-method",
        metavar: Some("METHOD"),
        fallback: Fallback::Text("POST"),
        short: "The method of the request",
        long: "Such as `POST`, `PUT` or `GET`.",
        ..PLAIN
    },
    Opt {
        key: "webhook-success-status",
        metavar: Some("STATUS"),
        fallback: Fallback::Text("200"),
        short: "The status of an answer that means success",
        long: "`0` or `-1`: any answer does.",
        ..PLAIN
    },
    Opt {
        key: "webhook-timeout",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("1s"),
        short: "How long the request may take",
        long: "All of it, to the end of the answer. At least `1s`.",
        ..PLAIN
    },
    Opt {
        key: "webhook-backoff",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("3s"),
        short: "The rest before the request is sent again",
        long: "After a failure it is sent again and again, until it succeeds or there is something \
               newer to tell. At least `1s`.",
        ..PLAIN
    },
    Opt {
        key: "webhook-header",
        metavar: Some("LINE"),
        many: Many::Flags,
        exposure: Exposure::Delicate,
        form: Form::Lines,
        short: "A line for the head of the request",
        long: "`NAME: VALUE`, such as `Authorization: Bearer TEXT`. Can be given more than once. The \
               values are taken for secrets: they are never shown, and do not follow a redirect to \
               another host.",
        ..PLAIN
    },
    Opt {
        key: "webhook-body",
        metavar: Some("TEXT"),
        exposure: Exposure::Delicate,
        short: "The content of the request",
        long: "`{hash}`, `{previous}`, `{ref}`, `{repo}`, `{event}`, `{time}` and `{error}` are \
               filled in. If the text is JSON, the content is sent as such, and what is filled in is \
               written as it must be within a string: `{\"text\": \"{repo} is at {hash}\"}`. Else it \
               is sent as plain text. A `Content-Type` of `--webhook-header` counts instead. Without \
               this option the request has no content.",
        ..PLAIN
    },
    Opt {
        key: "webhook-events",
        metavar: Some("EVENTS"),
        fallback: Fallback::Text("published"),
        form: Form::Commas,
        short: "Of what to tell",
        long: "One or more of `published`, `failed` (attempts begin to fail, or fail in another way), \
               `recovered` (they do not fail any more) and `refused` (a commit is not published on \
               purpose), with commas between them. For the last three, `{hash}` is the commit that \
               is published, or refused.",
        ..PLAIN
    },
];
