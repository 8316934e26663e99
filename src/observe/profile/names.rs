//! What functions are at an address, as far as the program knows it itself.

use std::ptr;

/// A function, and where in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    /// As people read it.
    pub(super) shown: String,
    /// As the linker knows it.
    pub(super) raw: String,
    /// Its file; empty if that is not known.
    pub(super) file: String,
    /// 0 if that is not known.
    pub(super) line: i64,
}

/// Finds the functions at an address, the innermost first: several where one is inlined into another,
/// none if the program has no names.
pub(super) fn at(address: u64) -> Vec<Name> {
    let mut names = Vec::new();
    // Looked up is what is before the address that is given.
    let Some(behind) = usize::try_from(address).ok().and_then(|address| address.checked_add(1))
    else {
        return names;
    };
    backtrace::resolve(ptr::without_provenance_mut(behind), |symbol| {
        let Some(name) = symbol.name() else { return };
        let file = symbol.filename().map(|file| file.to_string_lossy().into_owned());
        names.push(Name {
            shown: format!("{name:#}"),
            raw: String::from_utf8_lossy(name.as_bytes()).into_owned(),
            file: file.unwrap_or_default(),
            line: i64::from(symbol.lineno().unwrap_or_default()),
        });
    });
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_its_first_address() {
        let function: fn(u64) -> Vec<Name> = at;
        let address = format!("{function:p}");
        let names = at(u64::from_str_radix(address.trim_start_matches("0x"), 16).unwrap());
        let name = names.last().unwrap();
        // With tables of lines alone, the modules are not part of a name.
        assert!(name.shown == "at" || name.shown.ends_with("::names::at"), "{name:?}");
        assert!(name.file.ends_with("names.rs") && name.line > 0, "{name:?}");
    }

    #[test]
    fn what_is_no_function_has_no_name() {
        assert_eq!(at(1), []);
        assert_eq!(at(u64::MAX), []);
    }
}
