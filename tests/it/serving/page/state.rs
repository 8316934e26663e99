//! The page shows what is, as it changes, and does what its buttons say.

use serde_json::json;

use crate::serving::page::{Scene, TOKEN, page, program, short};
use crate::support::browser::Browser;
use crate::support::daemon::Root;
use crate::support::faults::{self, Fault};
use crate::support::http::{self, Answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

#[test]
fn a_commit_is_shown_and_the_next_one_appears_by_itself() {
    let Some(scene) = Scene::start("page: commits", &[]) else { return };
    let first = scene.upstream.head();
    scene.browser.eventually_shows(&["Live", "In sync", "change 1", &first, "Published"]);
    scene.browser.eventually_shows(&["Ref name", "refs/heads/main"]);
    let second = scene.commit("Raise the limits of the shop");
    scene.browser.eventually_shows(&["Raise the limits of the shop", &second]);
    let entries = "return document.querySelectorAll('#entries li').length";
    eventually("both are in the history", SOON, || {
        (scene.browser.run(entries) == json!(2)).then_some(())
    });
    assert!(scene.browser.text().contains(&first), "the one before is named");
    let news = scene.browser.run("return document.getElementById('news').textContent");
    assert!(news.as_str().unwrap().contains(short(&second)), "it is read out: {news}");
    let title = scene.browser.run("return document.title");
    assert!(title.as_str().unwrap().contains("In sync"), "{title}");
    scene.browser.picture("light");
    scene.assert_quiet();
}

#[test]
fn an_error_is_shown_with_its_hint_until_the_source_recovers() {
    let Some(scene) = Scene::start("page: errors", &[]) else { return };
    scene.browser.eventually_shows(&["In sync"]);
    scene.server.answer(Answer::Unauthorized);
    let kept = format!("Readers keep {}", short(&scene.upstream.head()));
    scene.browser.eventually_shows(&["Failing", &kept, "authentication failed", "What to check"]);
    scene.browser.prefer("dark");
    scene.browser.picture("error-dark");
    scene.server.heal();
    scene.browser.eventually_shows(&["In sync", "Recovered"]);
    scene.browser.eventually_hides("What to check");
    scene.assert_quiet();
}

#[test]
fn without_a_commit_and_without_a_token_the_page_says_so() {
    let Some(browser) = Browser::start("page: empty") else { return };
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let mut proxy = faults::in_front_of(server.addr());
    proxy.break_with(Fault::Silent);
    let root = Root::new();
    let daemon = program(&server.url_at(proxy.addr()), &root, &[]);
    browser.open(&page(&daemon));
    let empty = ["Starting", "Nothing is published yet", "Nothing has happened yet", "Read only"];
    browser.eventually_shows(&empty);
    browser.picture("empty");
    let sync = browser.button("Sync now");
    assert_eq!(browser.run("return document.querySelectorAll('[data-act][disabled]').length"), 0);
    browser.click(&sync);
    browser.eventually_shows(&["Not from here", "--api-token-file"]);
    proxy.heal();
    proxy.cut();
    browser.eventually_shows(&["In sync", &upstream.head()]);
    assert!(browser.console().is_empty(), "{:?}", browser.console());
}

#[test]
fn the_token_is_typed_once_and_asked_for_again_when_it_is_wrong() {
    let Some(scene) = Scene::with_token("page: token") else { return };
    let sync = scene.browser.button("Sync now");
    scene.browser.click(&sync);
    scene.type_token("wrong");
    scene.browser.eventually_shows(&["did not accept this token"]);
    scene.type_token(TOKEN);
    scene.browser.eventually_shows(&["Synced."]);
    scene.browser.click(&scene.browser.button("Dismiss"));
    scene.browser.eventually_hides("Synced.");
    scene.browser.click(&sync);
    scene.browser.eventually_shows(&["Synced."]);
    let kept = "return Object.keys(localStorage).length + Object.keys(sessionStorage).length \
                + document.cookie.length + document.getElementById('token').value.length";
    assert_eq!(scene.browser.run(kept), 0, "it is in no storage");
    scene.browser.click(&scene.browser.button("Forget token"));
    scene.browser.click(&sync);
    scene.browser.eventually_shows(&["API token"]);
}

#[test]
fn a_sync_that_fails_says_why() {
    let Some(scene) = Scene::with_token("page: failed sync") else { return };
    scene.browser.eventually_shows(&["In sync"]);
    scene.server.answer(Answer::Missing);
    scene.browser.click(&scene.browser.button("Sync now"));
    scene.type_token(TOKEN);
    let result = "return document.querySelector('[data-f=result]').innerText";
    eventually("the result says why and what to check", SOON, || {
        let text = scene.browser.run(result).as_str().unwrap().to_owned();
        (text.contains("repository not found") && text.contains("What to check")).then_some(())
    });
    scene.browser.picture("failed-sync");
}

#[test]
fn rolling_back_stays_there_until_it_is_unpinned() {
    let Some(scene) = Scene::with_token("page: rollback") else { return };
    let first = scene.upstream.head();
    let second = scene.commit("Break the shop");
    scene.browser.eventually_shows(&["Break the shop"]);
    let back = format!("Roll back to {}", short(&first));
    scene.browser.click(&scene.browser.button(&back));
    let told = [&format!("Readers will see {} in place of {}", short(&first), short(&second))];
    scene.browser.eventually_shows(&[told[0], "until you unpin"]);
    scene.browser.picture("dialog");
    scene.browser.click(&scene.browser.button("Roll back"));
    scene.type_token(TOKEN);
    scene.root.eventually_publishes(&first);
    scene.browser.eventually_shows(&["! Pinned", &format!("{} is published.", short(&first))]);
    scene.browser.picture("pinned");
    let third = scene.commit("Mend the shop");
    scene.press("Unpin");
    scene.root.eventually_publishes(&third);
    scene.browser.eventually_shows(&["Unpinned.", "Mend the shop", "In sync"]);
    scene.press("Pin at this commit");
    scene.browser.eventually_shows(&["Pinned.", &format!("stays at {}", short(&third))]);
    let fourth = scene.commit("Stay away");
    scene.browser.click(&scene.browser.button("Sync now"));
    scene.browser.eventually_shows(&["Synced."]);
    assert_eq!(scene.root.published(), Some(third), "{fourth} is not published");
    scene.assert_quiet();
}

#[test]
fn a_hostile_subject_is_only_text() {
    let Some(scene) = Scene::start("page: hostile subject", &[]) else { return };
    let script = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)>";
    let turned = "\u{202e}drowssap \u{7}\u{1b}[31m \u{2066}\u{9d}";
    scene.commit(&format!("{script} {turned} {}", "y".repeat(10_000)));
    scene.browser.eventually_shows(&["<script>document.title = 'taken'</script><img src=x"]);
    let shown = scene.browser.text();
    let odd = |sign: char| sign.is_control() && sign != '\n' && sign != '\t';
    assert!(!shown.contains(['\u{202e}', '\u{2066}']) && !shown.contains(odd), "{shown:?}");
    assert!(shown.len() < 6_000, "{} bytes are shown", shown.len());
    assert_eq!(scene.browser.run("return document.querySelectorAll('main img').length"), 0);
    let title = scene.browser.run("return document.title");
    assert!(title.as_str().unwrap().contains("In sync"), "{title}");
    scene.browser.resize(360, 740);
    scene.browser.picture("hostile-phone");
    assert_eq!(scene.browser.run("return document.documentElement.scrollWidth <= 360"), true);
    scene.assert_quiet();
}

#[test]
fn a_lost_connection_is_said_and_found_again() {
    let Some(scene) = Scene::start("page: lost connection", &[]) else { return };
    let mut proxy = faults::in_front_of(scene.daemon.address());
    scene.browser.open(&format!("http://{}/ui", proxy.addr()));
    scene.browser.eventually_shows(&["Live", "In sync"]);
    proxy.break_with(Fault::Refuse);
    proxy.cut();
    scene.browser.eventually_shows(&["Connection lost", "Showing the state of", "change 1"]);
    scene.browser.picture("lost");
    scene.commit("Meanwhile");
    proxy.heal();
    scene.browser.click(&scene.browser.button("Try again now"));
    scene.browser.eventually_shows(&["Live", "Meanwhile"]);
    scene.browser.eventually_hides("Showing the state of");
}

#[test]
fn reading_may_need_the_token_too() {
    let flags = [&format!("--api-token={TOKEN}"), "--api-read=token"];
    let Some(scene) = Scene::start("page: reading with token", &flags) else { return };
    scene.browser.eventually_shows(&["Reading needs the API token"]);
    assert!(!scene.browser.text().contains("change 1"));
    scene.type_token(TOKEN);
    scene.browser.eventually_shows(&["Live", "In sync", "change 1"]);
    let second = scene.commit("Seen with the token");
    scene.browser.eventually_shows(&["Seen with the token", &second]);
}
