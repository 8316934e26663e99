//! Commits and tags as bytes: what is signed, and the signature.

use crate::model::ObjectFormat;

/// How a signature begins that stands at the end of a tag, as Git knows them.
const BEGINNINGS: [&[u8]; 4] = [
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"-----BEGIN SIGNED MESSAGE-----",
    b"-----BEGIN SSH SIGNATURE-----",
];

/// The header fields that hold a signature of the object by its names in either format.
const FIELDS: [&[u8]; 2] = [b"gpgsig ", b"gpgsig-sha256 "];

/// An object taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// What is signed.
    pub(super) payload: Vec<u8>,
    /// The signatures, each as it was made.
    pub(super) signatures: Vec<Vec<u8>>,
}

/// Takes a commit apart. The signature that counts is that of the format of the repository; neither
/// is part of what is signed.
pub(super) fn commit(object: &[u8], format: ObjectFormat) -> Parts {
    let ours: &[u8] = match format {
        ObjectFormat::Sha1 => b"gpgsig ",
        ObjectFormat::Sha256 => b"gpgsig-sha256 ",
    };
    split(object, ours)
}

/// Takes a tag apart. Its signature is the end of its message, in each format.
pub(super) fn tag(object: &[u8]) -> Parts {
    let mut at = 0;
    let mut end = None;
    for line in object.split_inclusive(|byte| *byte == b'\n') {
        if BEGINNINGS.iter().any(|beginning| line.starts_with(beginning)) {
            end = Some(at);
        }
        at += line.len();
    }
    let (before, signature) = object.split_at(end.unwrap_or(object.len()));
    let Parts { payload, .. } = split(before, b"gpgsig ");
    let signatures = if end.is_some() { vec![signature.to_vec()] } else { Vec::new() };
    Parts { payload, signatures }
}

/// Takes the fields out of the head that hold a signature, and keeps those of one name.
fn split(object: &[u8], ours: &[u8]) -> Parts {
    /// What a line is that begins with a space.
    enum After {
        Else,
        Ours,
        Other,
    }
    let mut parts = Parts { payload: Vec::new(), signatures: Vec::new() };
    let (mut after, mut is_head) = (After::Else, true);
    for line in object.split_inclusive(|byte| *byte == b'\n') {
        if let (true, Some(rest)) = (is_head, line.strip_prefix(b" ")) {
            match (&after, parts.signatures.last_mut()) {
                (After::Ours, Some(signature)) => signature.extend_from_slice(rest),
                (After::Other, _) => (),
                (After::Ours | After::Else, _) => parts.payload.extend_from_slice(line),
            }
            continue;
        }
        if let (true, Some(rest)) = (is_head, line.strip_prefix(ours)) {
            parts.signatures.push(rest.to_vec());
            after = After::Ours;
        } else if is_head && FIELDS.iter().any(|field| line.starts_with(field)) {
            after = After::Other;
        } else {
            is_head &= line != b"\n";
            parts.payload.extend_from_slice(line);
            after = After::Else;
        }
    }
    parts
}

/// What a tag says that it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// The id of what it names.
    pub(super) object: &'a str,
    /// What kind of object that is.
    pub(super) kind: &'a str,
    /// Its own name.
    pub(super) name: &'a str,
}

/// Reads the first lines of a tag, which are always the same.
pub(super) fn head(object: &[u8]) -> Option<Head<'_>> {
    let mut lines = object.split(|byte| *byte == b'\n');
    let mut field = |name: &[u8]| std::str::from_utf8(lines.next()?.strip_prefix(name)?).ok();
    Some(Head { object: field(b"object ")?, kind: field(b"type ")?, name: field(b"tag ")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_of_a_commit_is_no_part_of_what_is_signed() {
        let taken = |object: &str, format| {
            let Parts { payload, signatures } = commit(object.as_bytes(), format);
            let text = |bytes| String::from_utf8(bytes).unwrap();
            (text(payload), signatures.into_iter().map(text).collect::<Vec<_>>())
        };
        let object = "tree 1\nmergetag object 2\n gpgsig no\ngpgsig A\n B\n\n\
                      gpgsig of no account\n -----BEGIN\n";
        let (payload, signatures) = taken(object, ObjectFormat::Sha1);
        assert_eq!(signatures, ["A\nB\n"]);
        assert_eq!(payload, object.replace("gpgsig A\n B\n", ""));
        let object = "tree 1\ngpgsig A\n B\ngpgsig-sha256 C\n  D\nmore 1\n 2\n\ntext";
        let payload = "tree 1\nmore 1\n 2\n\ntext".to_owned();
        let one = |signature: &str| vec![signature.to_owned()];
        assert_eq!(taken(object, ObjectFormat::Sha1), (payload.clone(), one("A\nB\n")));
        assert_eq!(taken(object, ObjectFormat::Sha256), (payload, one("C\n D\n")));
        let twice = "tree 1\ngpgsig A\ngpgsig B\n\n";
        assert_eq!(taken(twice, ObjectFormat::Sha1).1, ["A\n", "B\n"]);
        let none = "tree 1\ngpgsiG A\n\ngpgsig A\n";
        assert_eq!(taken(none, ObjectFormat::Sha1), (none.to_owned(), Vec::new()));
    }

    #[test]
    fn the_signature_of_a_tag_is_the_last_in_its_message() {
        let object = "object 1\ntype commit\ntag v1\ngpgsig A\n B\n\ntext\n\
                      -----BEGIN PGP SIGNATURE-----\nold\n-----BEGIN SSH SIGNATURE-----\nnew\n";
        let Parts { payload, signatures } = tag(object.as_bytes());
        let (before, after) = object.split_at(object.find("-----BEGIN SSH").unwrap());
        assert_eq!(payload, before.replace("gpgsig A\n B\n", "").as_bytes());
        assert_eq!(signatures, [after.as_bytes()]);
        let head = head(object.as_bytes()).unwrap();
        assert_eq!(head, Head { object: "1", kind: "commit", name: "v1" });
        assert_eq!(super::head(b"type commit\nobject 1\ntag v1\n"), None);
        assert_eq!(tag(b"object 1\n\ntext\n").signatures.len(), 0);
    }
}
