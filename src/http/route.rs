//! From a listener, a method and a path to what is wanted. Nothing is answered here.

use http::Method;

/// Which listener a request came in by, and so what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The only listener: everything.
    Only,
    /// There is another one for webhooks: all the rest.
    Main,
    /// For webhooks, and nothing else.
    Hooks,
}

/// What there is only if the options want it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offered {
    /// `/metrics`.
    pub(super) metrics: bool,
    /// `/debug/pprof/`.
    pub(super) pprof: bool,
}

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A question about how it is, answered at once.
    Probe(Probe),
    /// What is counted and measured.
    Metrics,
    /// A call of the API.
    Call(Call),
    /// The page.
    Page,
    /// A push was told of by a webhook.
    Push,
    /// A look at the program at work.
    Inspect(Inspect),
    /// A path that exists, with a method that it does not take.
    NotAllowed {
        /// The methods that it takes, as the header says it.
        allow: &'static str,
    },
    /// No such path.
    Unknown,
}

/// A question about how it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// `/`: whether a first sync succeeded.
    Root,
    /// `/livez`: whether the loop turns.
    Live,
    /// `/readyz`: whether there is something to read.
    Ready,
    /// `/healthz`: how the last attempt went.
    Health,
}

/// A look at the program at work, by the paths that Go programs have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inspect {
    /// What there is.
    Index,
    /// The command line.
    CommandLine,
    /// Where the time of the processor goes.
    Profile,
    /// The names of functions by address.
    Symbol,
    /// What happens in which order.
    Trace,
    /// What only Go programs have.
    Nothing,
}

/// A call of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// What is published, and how it goes.
    Status,
    /// What has happened.
    History,
    /// Both, as they change.
    Events,
    /// An attempt now.
    Sync,
    /// An earlier commit, to stay at.
    Rollback,
    /// To stay where it is, or at some commit.
    Pin,
    /// To follow the ref again.
    Unpin,
    /// What calls there are.
    Document,
}

const GET: &str = "GET, HEAD";
const POST: &str = "POST";
const GET_OR_POST: &str = "GET, HEAD, POST";

/// Every path, with its methods.
const TABLE: &[(&str, &[(&str, Route)])] = &[
    ("/", &[(GET, Route::Probe(Probe::Root))]),
    ("/livez", &[(GET, Route::Probe(Probe::Live))]),
    ("/readyz", &[(GET, Route::Probe(Probe::Ready))]),
    ("/healthz", &[(GET, Route::Probe(Probe::Health))]),
    ("/metrics", &[(GET, Route::Metrics)]),
    ("/api/v1/status", &[(GET, Route::Call(Call::Status))]),
    ("/api/v1/history", &[(GET, Route::Call(Call::History))]),
    ("/api/v1/events", &[(GET, Route::Call(Call::Events))]),
    ("/api/v1/sync", &[(POST, Route::Call(Call::Sync))]),
    ("/api/v1/rollback", &[(POST, Route::Call(Call::Rollback))]),
    ("/api/v1/pin", &[(POST, Route::Call(Call::Pin)), ("DELETE", Route::Call(Call::Unpin))]),
    ("/api/v1/openapi.json", &[(GET, Route::Call(Call::Document))]),
    ("/ui", &[(GET, Route::Page)]),
    ("/hooks/push", &[(POST, Route::Push)]),
    ("/debug/pprof", &[(GET, Route::Inspect(Inspect::Index))]),
    ("/debug/pprof/", &[(GET, Route::Inspect(Inspect::Index))]),
    ("/debug/pprof/cmdline", &[(GET, Route::Inspect(Inspect::CommandLine))]),
    ("/debug/pprof/profile", &[(GET, Route::Inspect(Inspect::Profile))]),
    ("/debug/pprof/symbol", &[(GET_OR_POST, Route::Inspect(Inspect::Symbol))]),
    ("/debug/pprof/trace", &[(GET, Route::Inspect(Inspect::Trace))]),
    ("/debug/pprof/allocs", &[(GET, Route::Inspect(Inspect::Nothing))]),
    ("/debug/pprof/block", &[(GET, Route::Inspect(Inspect::Nothing))]),
    ("/debug/pprof/goroutine", &[(GET, Route::Inspect(Inspect::Nothing))]),
    ("/debug/pprof/heap", &[(GET, Route::Inspect(Inspect::Nothing))]),
    ("/debug/pprof/mutex", &[(GET, Route::Inspect(Inspect::Nothing))]),
    ("/debug/pprof/threadcreate", &[(GET, Route::Inspect(Inspect::Nothing))]),
];

/// What a path takes that has more than one method: the table holds them one by one.
const BOTH: &str = "POST, DELETE";

impl Door {
    /// Whether this path is there behind this door.
    fn leads_to(self, path: &str, offered: Offered) -> bool {
        let hook = path.starts_with("/hooks/");
        let is_offered = (offered.metrics || path != "/metrics")
            && (offered.pprof || !path.starts_with("/debug/pprof"));
        match self {
            Self::Only => is_offered,
            Self::Main => !hook && is_offered,
            Self::Hooks => hook,
        }
    }

    /// The paths that there are behind this door.
    pub(super) fn paths(self, offered: Offered) -> impl Iterator<Item = &'static str> {
        let all = TABLE.iter().map(|(path, _)| *path);
        all.filter(move |path| self.leads_to(path, offered))
    }
}

impl Route {
    /// What it is in git-sync, which knows no other health than that of `/`, and answers with that
    /// whatever path it does not know.
    pub(super) fn as_in_git_sync(self, door: Door, method: &Method) -> Self {
        let reads = GET.split(", ").any(|name| name == method.as_str());
        match self {
            Self::Probe(Probe::Health) => Self::Probe(Probe::Root),
            Self::Unknown if reads && door != Door::Hooks => Self::Probe(Probe::Root),
            Self::Probe(_)
            | Self::Metrics
            | Self::Call(_)
            | Self::Page
            | Self::Push
            | Self::Inspect(_)
            | Self::NotAllowed { .. }
            | Self::Unknown => self,
        }
    }

    /// Reads a request. Paths are compared as they are.
    pub(super) fn of(door: Door, offered: Offered, method: &Method, path: &str) -> Self {
        let found = TABLE.iter().find(|(known, _)| *known == path && door.leads_to(path, offered));
        let Some((_, methods)) = found else {
            return Self::Unknown;
        };
        let takes = |names: &str| names.split(", ").any(|name| name == method.as_str());
        match methods.iter().find(|(names, _)| takes(names)) {
            Some((_, route)) => *route,
            None => Self::NotAllowed {
                allow: match methods {
                    [(names, _)] => names,
                    _ => BOTH,
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn of(door: Door, method: &str, path: &str) -> Route {
        Route::of(door, ALL, &method.parse().unwrap(), path)
    }

    const ALL: Offered = Offered { metrics: true, pprof: true };

    #[test]
    fn paths_and_methods_are_told_apart() {
        let check = |method, path, wanted| assert_eq!(of(Door::Only, method, path), wanted);
        check("GET", "/", Route::Probe(Probe::Root));
        check("HEAD", "/", Route::Probe(Probe::Root));
        check("GET", "/livez", Route::Probe(Probe::Live));
        check("HEAD", "/metrics", Route::Metrics);
        check("POST", "/metrics", Route::NotAllowed { allow: "GET, HEAD" });
        check("OPTIONS", "/", Route::NotAllowed { allow: "GET, HEAD" });
        check("get", "/", Route::NotAllowed { allow: "GET, HEAD" });
        check("POST", "/api/v1/pin", Route::Call(Call::Pin));
        check("DELETE", "/api/v1/pin", Route::Call(Call::Unpin));
        check("GET", "/api/v1/pin", Route::NotAllowed { allow: "POST, DELETE" });
        check("GET", "/api/v1/sync", Route::NotAllowed { allow: "POST" });
        check("GET", "/ui", Route::Page);
        check("POST", "/hooks/push", Route::Push);
        check("GET", "/hooks/push", Route::NotAllowed { allow: "POST" });
        for path in ["/livez/", "//", "", "*", "/api/v1/Status", "/api/v1/status%20", "/nothing"] {
            check("GET", path, Route::Unknown);
            check("POST", path, Route::Unknown);
        }
    }

    #[test]
    fn as_git_sync_all_that_is_not_known_is_the_root() {
        let is_root = |door: Door, method: &str, path: &str| {
            let route = of(door, method, path).as_in_git_sync(door, &method.parse().unwrap());
            route == Route::Probe(Probe::Root)
        };
        for path in ["/", "/healthz", "/nothing", "/debug/pprof/other"] {
            assert!(is_root(Door::Only, "GET", path), "{path}");
        }
        for (door, method, path) in [
            (Door::Only, "POST", "/nothing"),
            (Door::Only, "GET", "/livez"),
            (Door::Only, "GET", "/ui"),
            (Door::Hooks, "GET", "/"),
        ] {
            assert!(!is_root(door, method, path), "{method} {path}");
        }
    }

    #[test]
    fn each_door_leads_to_its_own_paths_only() {
        let paths = |door: Door| door.paths(ALL).collect::<BTreeSet<_>>();
        let (all, main) = (paths(Door::Only), paths(Door::Main));
        let hooks = paths(Door::Hooks);
        assert_eq!(hooks, BTreeSet::from(["/hooks/push"]));
        assert_eq!(all.difference(&main).copied().collect::<BTreeSet<_>>(), hooks);
        assert_eq!(of(Door::Main, "POST", "/hooks/push"), Route::Unknown);
        assert_eq!(of(Door::Hooks, "GET", "/livez"), Route::Unknown);
        assert_eq!(of(Door::Hooks, "POST", "/hooks/push"), Route::Push);
    }

    #[test]
    fn what_is_not_wanted_is_not_there() {
        let none = Offered { metrics: false, pprof: false };
        for path in ["/metrics", "/debug/pprof/", "/debug/pprof/profile", "/debug/pprof/heap"] {
            assert!(!Door::Only.paths(none).any(|other| other == path));
            assert_eq!(Route::of(Door::Main, none, &Method::GET, path), Route::Unknown);
            assert_ne!(of(Door::Main, "GET", path), Route::Unknown);
            assert_eq!(of(Door::Hooks, "GET", path), Route::Unknown);
        }
    }

    #[test]
    fn what_is_allowed_is_what_is_in_the_table() {
        for (path, methods) in TABLE {
            let Route::NotAllowed { allow } = of(Door::Only, "TRACE", path) else {
                panic!("{path}")
            };
            let listed: Vec<_> = methods.iter().map(|(names, _)| *names).collect();
            assert_eq!(allow, listed.join(", "), "{path}");
        }
    }
}
