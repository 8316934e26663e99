//! Where the submodules of a commit are, as the commit says, and whether they may be fetched from
//! there. Nothing is fetched here.

use crate::attempt::error::AttemptError;
use crate::config::Access;
use crate::git::{Declared, Fetched, GitError, Link, Module, Store, Use};
use crate::model::{
    Cause, CommitId, Location, RepoUrl, RepoUrlError, is_relative_url, resolve_relative_url,
};

/// Finds out where a submodule is, or why it is not fetched from there. `text` is what the repository
/// that has it says, which is at `above`.
pub(super) fn address(access: &Access, text: &str, above: &RepoUrl) -> Result<RepoUrl, String> {
    let is_way = is_relative_url(text);
    let text = if is_way {
        resolve_relative_url(&above.to_string(), text).map_err(|error| error.to_string())?
    } else {
        text.to_owned()
    };
    let url: RepoUrl = access.place_of(&text).parse().map_err(|error: RepoUrlError| {
        format!("its address cannot be used: {}", Cause::of(&error))
    })?;
    let kind = |url: &RepoUrl| std::mem::discriminant(url.location());
    if is_way && kind(&url) != kind(above) {
        return Err("its address leads above that of the repository".to_owned());
    }
    let url = if is_way { url.with_login_of(above) } else { url };
    if let Location::Local(path) = url.location()
        && !path.is_absolute()
    {
        return Err("its address is neither a URL nor an absolute path".to_owned());
    }
    match access.forbids_submodule(&url, above) {
        Some("file") if !matches!(above.location(), Location::Local(_)) => Err(
            "its address is a path on this machine, and that of the repository is not; the setting \
             protocol.file.allow=always allows it"
                .to_owned(),
        ),
        Some(name) => Err(format!("the settings do not allow the protocol {name}")),
        None => Ok(url),
    }
}

/// Finds out where a submodule is of a commit that was fetched with all of them from `top`.
pub(super) fn of_module(
    access: &Access,
    (store, fetched): (&Store, &Fetched),
    module: &Module,
    top: &RepoUrl,
) -> Result<RepoUrl, AttemptError> {
    let (mut url, mut above): (_, Option<&Module>) = (top.clone(), None);
    // Those above come before those below.
    let all = fetched.parts.iter().map(|part| &part.module);
    for one in all.filter(|one| *one == module || module.is_below(one)) {
        let declared = match above {
            Some(above) => Declared::of(&store.of_module(above)?, above.commit()),
            None => Declared::of(store, fetched.commit()),
        };
        let refused = |reason| refused(above.map_or(fetched.commit(), Module::commit), one, reason);
        let link = Link::of(one, above);
        let text = match declared?.find(&link).map_err(refused)? {
            Use::Fetch(text) => text,
            Use::Leave => return Err(refused("it is not wanted any more".to_owned()).into()),
        };
        url = address(access, &text, &url).map_err(refused)?;
        above = Some(one);
    }
    Ok(url)
}

fn refused(commit: &CommitId, module: &Module, reason: String) -> GitError {
    GitError::Submodule { commit: commit.clone(), path: module.shown(), reason }
}
