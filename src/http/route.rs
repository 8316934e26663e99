//! From a method and a path to what is wanted. Nothing is answered here.

use http::Method;

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/`: whether a first sync succeeded.
    Root,
    /// `/livez`: whether the loop turns.
    Live,
    /// `/readyz`: whether there is something to read.
    Ready,
    /// `/healthz`: how the last attempt went.
    Health,
    /// `/metrics`.
    Metrics,
    /// A path that exists, with a method that it does not take.
    NotAllowed,
    /// No such path.
    Unknown,
}

impl Route {
    /// Reads a request. Paths are compared as they are; a query makes no difference.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let route = match path {
            "/" => Self::Root,
            "/livez" => Self::Live,
            "/readyz" => Self::Ready,
            "/healthz" => Self::Health,
            "/metrics" => Self::Metrics,
            _ => return Self::Unknown,
        };
        if [Method::GET, Method::HEAD].contains(method) { route } else { Self::NotAllowed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods_are_told_apart() {
        let check = |method: Method, path, wanted| assert_eq!(Route::of(&method, path), wanted);
        check(Method::GET, "/", Route::Root);
        check(Method::HEAD, "/", Route::Root);
        check(Method::GET, "/livez", Route::Live);
        check(Method::GET, "/readyz", Route::Ready);
        check(Method::GET, "/healthz", Route::Health);
        check(Method::HEAD, "/metrics", Route::Metrics);
        check(Method::POST, "/metrics", Route::NotAllowed);
        check(Method::OPTIONS, "/", Route::NotAllowed);
        check(Method::GET, "/livez/", Route::Unknown);
        check(Method::GET, "//", Route::Unknown);
        check(Method::GET, "", Route::Unknown);
        check(Method::POST, "/nothing", Route::Unknown);
    }
}
