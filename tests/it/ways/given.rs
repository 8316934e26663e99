//! Servers whose own certificate is given to be believed, as private ones often have it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::faults::course::{fails, single, succeeds};
use crate::support::authority::{Authority, Leaf};
use crate::support::daemon::{Root, Setup};
use crate::support::http::{self, Http};
use crate::support::upstream::Upstream;
use crate::ways::tls::{expect, trusting};

fn by_git_config(setup: Setup, file: &Path) -> Setup {
    setup.flag(format!("--git-config=http.sslCAInfo:{}", file.display()))
}

fn of_system(setup: Setup, file: &Path) -> Setup {
    setup.variable("SSL_CERT_FILE", file)
}

#[test]
fn a_certificate_that_was_given_itself_is_believed() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    for alone in [true, false] {
        let leaf = Leaf { alone, ..Leaf::default() };
        let server = http::over(&upstream).tls(&authority).leaf(leaf).start();
        for trust in [trusting, by_git_config, of_system] {
            let root = Root::new();
            succeeds(trust(single(&server.url(), &root), &server.file("tls.crt")));
            assert_eq!(root.published(), Some(upstream.head()));
        }
    }
}

#[test]
fn a_certificate_of_an_authority_that_was_not_given_or_is_not_good_is_refused() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let alone = Leaf { alone: true, ..Leaf::default() };
    let told = |leaf: &Leaf, trust: &dyn Fn(&Http) -> PathBuf| {
        let server = http::over(&upstream).tls(&authority).leaf(leaf.clone()).start();
        let failure = fails(trusting(single(&server.url(), &Root::new()), &trust(&server)));
        assert!(server.requests().is_empty());
        failure
    };
    let another = |server: &Http| {
        let dir = server.file("another");
        fs::create_dir(&dir).unwrap();
        authority.certify(&alone, &dir);
        dir.join("tls.crt")
    };
    let failure = told(&alone, &another);
    expect(&failure, "tls", &["is that of an authority", "this very certificate by ca-file"]);
    let itself = |server: &Http| server.file("tls.crt");
    for alone in [true, false] {
        let leaf = Leaf { alone, ..Leaf::default() };
        let failure = told(&Leaf { years: (2001, 2002), ..leaf.clone() }, &itself);
        expect(&failure, "tls", &["expired on 2002-01-01", "clock"]);
        let failure = told(&Leaf { years: (2900, 2901), ..leaf.clone() }, &itself);
        expect(&failure, "tls", &["is not valid before 2900-01-01"]);
        let failure = told(&Leaf { names: vec!["git.example.com".to_owned()], ..leaf }, &itself);
        expect(&failure, "tls", &["is not for 127.0.0.1, but for", "git.example.com"]);
    }
}
