//! The page can be used by everybody: with a keyboard only, with a screen reader, on a phone, in
//! the dark; and it keeps to what its policy allows.

use serde_json::{Value, json};

use crate::serving::page::{Scene, page, program, short};
use crate::support::browser::{Browser, ENTER, ESCAPE, TAB};
use crate::support::daemon::Root;
use crate::support::http::{self, Answer};
use crate::support::upstream::Upstream;

/// Finds text that does not stand out from what is behind it: the ratio that WCAG defines is less
/// than 4.5.
const FAINT: &str = r"
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const light = (colour) => {
      const [r, g, b] = numbers(colour).map((one) => one / 255)
        .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (one) => {
      for (; one; one = one.parentElement) {
        const colour = getComputedStyle(one).backgroundColor;
        if ((numbers(colour)[3] ?? 1) > 0) return colour;
      }
      return 'rgb(255, 255, 255)';
    };
    const found = [];
    let looked = 0;
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const one = walk.currentNode.parentElement;
      const text = walk.currentNode.data.trim();
      if (!text || !one.checkVisibility() || one.closest('script, style, noscript')) continue;
      looked += 1;
      const [a, b] = [light(getComputedStyle(one).color), light(behind(one))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) found.push(`${text}: ${ratio}`);
    }
    return { looked, found };
";

#[track_caller]
fn assert_readable(browser: &Browser) {
    let seen = browser.run(FAINT);
    assert!(seen["looked"].as_u64().unwrap() > 15, "{seen}");
    assert_eq!(seen["found"], json!([]));
}

#[track_caller]
fn assert_fits(browser: &Browser, width: u32) {
    let wide = browser.run("return document.documentElement.scrollWidth");
    assert!(wide.as_u64().unwrap() <= width.into(), "{wide} is more than {width}");
}

#[test]
fn text_stands_out_and_fits_at_every_width_and_in_both_schemes() {
    let Some(scene) = Scene::with_token("page: looks") else { return };
    let browser = &scene.browser;
    browser.eventually_shows(&["Live", "In sync"]);
    for failing in [false, true] {
        if failing {
            scene.server.answer(Answer::Unauthorized);
            browser.eventually_shows(&["Failing", "What to check"]);
        }
        for scheme in ["light", "dark"] {
            browser.prefer(scheme);
            for width in [360, 768, 1920] {
                browser.resize(width, 900);
                assert_readable(browser);
                assert_fits(browser, width);
                browser
                    .picture(&format!("{scheme}-{width}{}", if failing { "-error" } else { "" }));
            }
        }
    }
    browser.resize(360, 740);
    browser.click(&browser.button("Sync now"));
    browser.eventually_shows(&["API token"]);
    assert_readable(browser);
    browser.picture("token-phone");
    assert_fits(browser, 360);
}

#[test]
fn without_a_token_the_buttons_can_be_read_too() {
    let Some(scene) = Scene::start("page: buttons that are off", &[]) else { return };
    let back = format!("Roll back to {}", short(&scene.upstream.head()));
    scene.commit("Another");
    scene.browser.eventually_shows(&["In sync", "Read only", &back]);
    let on = "return document.querySelectorAll('[data-act][aria-disabled=false]').length \
              + document.querySelectorAll('[data-act]:not([aria-describedby=why-not])').length";
    assert_eq!(scene.browser.run(on), 0, "each button says that it is off, and why");
    for scheme in ["light", "dark"] {
        scene.browser.prefer(scheme);
        assert_readable(&scene.browser);
        scene.browser.picture(&format!("read-only-{scheme}"));
    }
}

#[test]
fn the_keyboard_reaches_everything() {
    let Some(scene) = Scene::with_token("page: keyboard") else { return };
    let browser = &scene.browser;
    let back = format!("Roll back to {}", short(&scene.upstream.head()));
    scene.commit("Another");
    browser.eventually_shows(&["Live", "Another", &back]);
    let mut order = Vec::new();
    for _ in 0..9 {
        browser.press(TAB.to_string());
        order.push(browser.focus());
    }
    let wanted = [
        "Times in UTC",
        "Sync now",
        &back,
        "Pin at this commit",
        "Copy id",
        &back,
        "status",
        "history",
        "description of the API",
    ];
    assert_eq!(order, wanted);
    let ring = "return getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(browser.run(ring), "solid", "the focus can be seen");
}

#[test]
fn a_dialog_keeps_the_focus_and_gives_it_back() {
    let Some(scene) = Scene::with_token("page: dialogs") else { return };
    let browser = &scene.browser;
    browser.eventually_shows(&["Live", "In sync"]);
    browser.run("document.querySelector('[data-act=pin]').focus()");
    browser.press(ENTER.to_string());
    browser.eventually_shows(&["until you unpin"]);
    assert_eq!(browser.focus(), "Cancel", "Enter alone changes nothing");
    let outside = "const one = document.activeElement;\
                   return one !== document.body && !one.closest('dialog')";
    for _ in 0..5 {
        browser.press(TAB.to_string());
        assert_eq!(browser.run(outside), false, "{}", browser.focus());
    }
    let dialog = browser.find("dialog[open]");
    assert_eq!(browser.role(&dialog), "dialog");
    assert!(browser.label(&dialog).starts_with("Pin at "), "{}", browser.label(&dialog));
    browser.press(ESCAPE.to_string());
    browser.eventually_hides("until you unpin");
    assert_eq!(browser.focus(), "Pin at this commit");
    browser.press(format!("{ENTER}"));
    browser.eventually_shows(&["until you unpin"]);
    browser.press(format!("{TAB}{ENTER}"));
    browser.eventually_shows(&["API token"]);
    assert_eq!(browser.focus(), "token");
    let field = browser.find("#token");
    assert_eq!([browser.role(&field), browser.label(&field)], ["textbox", "Token"]);
    browser.press(ESCAPE.to_string());
    browser.eventually_hides("API token");
    assert_eq!(browser.focus(), "Pin at this commit");
    scene.assert_quiet();
}

#[test]
fn roles_and_names_say_what_is_what() {
    let Some(scene) = Scene::with_token("page: roles") else { return };
    let browser = &scene.browser;
    browser.eventually_shows(&["Live", "In sync"]);
    let url = scene.server.url();
    for (selector, role, label) in [
        ("header", "banner", ""),
        ("main", "main", ""),
        ("footer", "contentinfo", ""),
        ("article", "article", url.as_str()),
        ("[data-act=sync]", "button", "Sync now"),
        ("[data-f=copy]", "button", "Copy the full commit id"),
        ("#utc", "button", "Times in UTC"),
        ("#history", "region", "History"),
        ("#entries", "list", ""),
        ("#entries li", "listitem", ""),
        ("h1", "heading", "gitsyncd"),
        ("article h2", "heading", url.as_str()),
        ("[data-f=acts]", "group", "Actions"),
        ("#news", "status", ""),
    ] {
        let element = browser.find(selector);
        assert_eq!(browser.role(&element), role, "{selector}");
        assert!(browser.label(&element).starts_with(label), "{selector}");
    }
    let times = "return [...document.querySelectorAll('main time')]\
                 .filter((one) => !one.title.includes('UTC') || !one.dateTime).length";
    assert_eq!(browser.run(times), 0, "every time can be known exactly");
    browser.click(&browser.find("#utc"));
    browser.eventually_shows(&["UTC\n"]);
    let pressed = browser.run("return document.getElementById('utc').ariaPressed");
    assert_eq!(pressed, Value::from("true"));
}

#[test]
fn the_page_may_load_and_send_nothing_elsewhere() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    let daemon = program(&server.url(), &root, &[]);
    let reply = daemon.get("/ui").unwrap();
    assert_eq!(reply.status, 200, "{}", reply.head);
    let head = reply.head.to_lowercase();
    for line in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'; connect-src 'self'; script-src 'sha256-",
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "referrer-policy: no-referrer",
        "x-content-type-options: nosniff",
        "cross-origin-opener-policy: same-origin",
        "cache-control: no-cache",
        "etag: \"",
    ] {
        assert!(head.contains(line), "{line} is not in {head}");
    }
    let Some(browser) = Browser::start("page: policy") else { return };
    browser.open(&page(&daemon));
    browser.eventually_shows(&["Live"]);
    let attempt = "const one = document.createElement('script');\
                   one.textContent = 'document.title = 1'; document.body.append(one);\
                   return document.title";
    assert!(browser.run(attempt).as_str().unwrap().contains("gitsyncd"), "no other script runs");
    let console = browser.console();
    assert!(console.iter().any(|entry| entry["source"] == "security"), "{console:?}");
}
