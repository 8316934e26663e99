//! What others may ask over HTTP.

use crate::config::options::{Exposure, Fallback, Opt, PLAIN, Scope};

pub(super) const SERVING: &[Opt] = &[
    Opt {
        key: "http-bind",
        metavar: Some("ADDRESS"),
        scope: Scope::Process,
        short: "Where to answer HTTP: probes, metrics, API and page",
        long: "`HOST:PORT`, `[::1]:PORT` for IPv6, or `:PORT` or `PORT` for all addresses. \
               Without it and without `--hook-bind` no port is opened. Webhooks are received here \
               too, unless `--hook-bind` gives them an address of their own.",
        ..PLAIN
    },
    Opt {
        key: "http-metrics",
        fallback: Fallback::Words("on when http-bind is set"),
        peer: Some(Fallback::Text("false")),
        scope: Scope::Process,
        short: "Answer /metrics",
        long: "In the text format of Prometheus. Needs `--http-bind`.",
        ..PLAIN
    },
    Opt {
        key: "http-pprof",
        fallback: Fallback::Text("false"),
        scope: Scope::Process,
        short: "Answer /debug/pprof/: profiles of the processor",
        long: "`/debug/pprof/profile?seconds=N` is a profile in the form of pprof. Needs \
               `--http-bind`; whoever reaches that port may take profiles. They have addresses; \
               `docs/debugging.md` tells how to get the names of functions from a file beside the \
               release, and which programs show wrong ones without. The first profile \
               takes some 140 MiB of memory for samples, which are kept for the next: raise the \
               limit of the container before. The other profiles of Go programs are not there.",
        ..PLAIN
    },
    Opt {
        key: "ready-max-age",
        metavar: Some("DURATION"),
        scope: Scope::Process,
        short: "How old the last success may be for /readyz",
        long: "Without it, `/readyz` is good as long as a tree is published. With it, it fails when \
               no attempt has succeeded for that long. Choose several times `--period`.",
        ..PLAIN
    },
    Opt {
        key: "hook-bind",
        metavar: Some("ADDRESS"),
        scope: Scope::Process,
        short: "Where to receive webhooks, apart from all else",
        long: "Written as for `--http-bind`. `/hooks/push` is then answered here and nowhere else, \
               and nothing else is answered here, so that this port can be open to the world and \
               the other need not be.",
        ..PLAIN
    },
    Opt {
        key: "hook-secret",
        metavar: Some("TEXT"),
        exposure: Exposure::Secret,
        scope: Scope::Process,
        short: "The secret of webhooks; better by variable or by file",
        long: "What was entered as secret, token or password where the webhook was set up. Without \
               one, all webhooks are refused. Cannot be given together with `--hook-secret-file`.",
        ..PLAIN
    },
    Opt {
        key: "hook-secret-file",
        metavar: Some("FILE"),
        scope: Scope::Process,
        short: "A file that holds the secrets of webhooks",
        long: "Each line is a secret, and each is good, so that one can be replaced without losing \
               a webhook. Spaces and tabs around a line do not count. The file is read again when it changes. A relative path counts from the \
               current directory.",
        ..PLAIN
    },
    Opt {
        key: "api-token",
        metavar: Some("TEXT"),
        exposure: Exposure::Secret,
        scope: Scope::Process,
        short: "The token of the API; better by variable or by file",
        long: "Who sends it as `Authorization: Bearer TEXT` may sync, pin and roll back. Without \
               one, nobody may. Cannot be given together with `--api-token-file`.",
        ..PLAIN
    },
    Opt {
        key: "api-token-file",
        metavar: Some("FILE"),
        scope: Scope::Process,
        short: "A file that holds the tokens of the API",
        long: "Each line is a token, and each is good, so that one can be replaced while the other \
               is in use. Spaces and tabs around a line do not count. The file is read again when it changes. A relative path counts from the \
               current directory.",
        ..PLAIN
    },
    Opt {
        key: "api-read",
        metavar: Some("WHO"),
        choices: &["open", "token"],
        fallback: Fallback::Text("open"),
        scope: Scope::Process,
        short: "Who may read the API: open or token",
        long: "`open` lets everybody read who can reach the port; `token` asks for the token of the \
               API. Probes and metrics need none.",
        ..PLAIN
    },
];
