//! `core.*`: how files are written.

use crate::config::git_config::values::switch;
use crate::config::git_config::{Complaint, Key, Setting};
use crate::model::{AutoCrlf, Checkout, Eol};

/// Whether a setting of this section says something about that.
pub(super) fn has_effect(key: &Key<'_>) -> bool {
    let known = ["autocrlf", "eol", "filemode", "symlinks"];
    key.middle.is_none() && known.contains(&key.name.as_str())
}

/// Reads all of them.
pub(crate) fn core(settings: &[Setting]) -> (Checkout, Vec<Complaint>) {
    let (mut checkout, mut complaints) = (Checkout::default(), Vec::new());
    for setting in settings {
        let key = setting.parts();
        if key.section == "core"
            && has_effect(&key)
            && let Err(words) = one(&mut checkout, &key.name, setting.value.reveal())
        {
            complaints.push(setting.complaint(&words));
        }
    }
    let fights = checkout.autocrlf == Some(AutoCrlf::Input) && checkout.eol == Some(Eol::Crlf);
    if let Some(setting) = settings.iter().find(|it| fights && it.parts().name == "autocrlf") {
        complaints.push(setting.complaint("input and core.eol=crlf contradict each other"));
    }
    (checkout, complaints)
}

fn one(checkout: &mut Checkout, name: &str, value: &str) -> Result<(), String> {
    match name {
        "autocrlf" if value.eq_ignore_ascii_case("input") => {
            checkout.autocrlf = Some(AutoCrlf::Input);
        }
        "autocrlf" => {
            let on = switch(value)
                .map_err(|_complaint| format!("{value:?} is none of true, false and input"))?;
            checkout.autocrlf = Some(if on { AutoCrlf::True } else { AutoCrlf::False });
        }
        "eol" => {
            checkout.eol = match value.to_ascii_lowercase().as_str() {
                "lf" => Some(Eol::Lf),
                "crlf" => Some(Eol::Crlf),
                // Git takes whatever else there is for nothing.
                _ => None,
            };
        }
        "symlinks" => checkout.symlinks = Some(switch(value)?),
        _ => checkout.file_mode = Some(switch(value)?),
    }
    Ok(())
}
