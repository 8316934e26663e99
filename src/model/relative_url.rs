//! An address that is told as a way from another one, as `.gitmodules` may have it: `../other.git`.

/// The way leads out of the address that it starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it leads above the top of the address that it starts from")]
pub struct TooFarUp;

/// Says whether the text is a way and no address.
pub fn is_relative_url(text: &str) -> bool {
    text.starts_with("./") || text.starts_with("../")
}

/// Follows the way from an address, as Git does: by the text alone. Each `../` takes one part away,
/// after the last slash or, if there is none, after the last colon.
pub fn resolve_relative_url(base: &str, way: &str) -> Result<String, TooFarUp> {
    let mut base = base.trim_end_matches('/').to_owned();
    let mut left = way;
    let mut joint = '/';
    loop {
        if let Some(rest) = left.strip_prefix("../") {
            left = rest;
            let (cut, found) = match (base.rfind('/'), base.rfind(':')) {
                (Some(slash), _) => (slash, '/'),
                (None, Some(colon)) => (colon, ':'),
                (None, None) => return Err(TooFarUp),
            };
            if found == ':' {
                joint = ':';
            }
            base.truncate(cut);
        } else if let Some(rest) = left.strip_prefix("./") {
            left = rest;
        } else {
            break;
        }
    }
    Ok(format!("{base}{joint}{}", left.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_followed_as_git_follows_them() {
        let check = |base: &str, way: &str, expected: &str| {
            assert_eq!(resolve_relative_url(base, way).as_deref(), Ok(expected), "{base} {way}");
        };
        check("https://host/a/super.git", "../sub.git", "https://host/a/sub.git");
        check("https://host/a/super.git/", "../sub.git/", "https://host/a/sub.git");
        check("https://host/a/super.git", "./sub", "https://host/a/super.git/sub");
        check("https://host/a/b/super", "../../other/./sub", "https://host/a/other/./sub");
        check("git@host:a/super.git", "../sub.git", "git@host:a/sub.git");
        check("git@host:super.git", "../sub.git", "git@host:sub.git");
        check("git@host:a/super.git", "../../sub.git", "git@host:sub.git");
        check("ssh://git@host:22/a/super", "../sub", "ssh://git@host:22/a/sub");
        check("/srv/super.git", "../sub.git", "/srv/sub.git");
        check("file:///srv/super.git", "../sub.git", "file:///srv/sub.git");
        check("https://host/a", "../../evil/b", "https://evil/b");
        assert_eq!(resolve_relative_url("super", "../../../a"), Err(TooFarUp));
    }

    #[test]
    fn only_what_begins_with_dots_is_a_way() {
        for way in ["./a", "../a", "../../a"] {
            assert!(is_relative_url(way), "{way}");
        }
        for address in ["a", "/a", "..a", ".a", "https://host/../a", ""] {
            assert!(!is_relative_url(address), "{address}");
        }
    }
}
