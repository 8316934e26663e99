//! What Git does to the content of a file with `ident` or `working-tree-encoding` on its way to the
//! disk (gitattributes). gix does the rest, line ends among it, but these two not as Git does. Pure.

use gix::bstr::ByteSlice;

/// Expands every `$Id$`, and every `$Id: …$` that is not another tool's, to the id of the blob.
pub(super) fn expand_ident(content: &[u8], blob: &str) -> Vec<u8> {
    let mut expanded = Vec::with_capacity(content.len() + blob.len() + 3);
    let mut rest = content;
    while let Some(dollar) = rest.find_byte(b'$') {
        let (before, keyword) = rest.split_at(dollar + 1);
        expanded.extend_from_slice(before);
        rest = keyword;
        if let Some(after) = after_keyword(keyword) {
            expanded.extend_from_slice(format!("Id: {blob} $").as_bytes());
            rest = after;
        }
    }
    expanded.extend_from_slice(rest);
    expanded
}

/// What follows the closing dollar, if this is a keyword to be expanded.
fn after_keyword(keyword: &[u8]) -> Option<&[u8]> {
    if let Some(after) = keyword.strip_prefix(b"Id$") {
        return Some(after);
    }
    let value = keyword.strip_prefix(b"Id:")?;
    let end = value.find_byte(b'$')?;
    let (value, after) = value.split_at(end);
    // Git's own has one space after the colon and one before the dollar. With others between them
    // it is that of another tool, and stays.
    let inner = value.get(1..value.len().saturating_sub(1)).unwrap_or_default();
    let foreign = value.contains(&b'\n') || inner.contains(&b' ');
    if foreign { None } else { after.get(1..) }
}

/// Encodes text for the disk. None if the text cannot be written so, or the encoding is not known:
/// then Git leaves the content as it is, and so do we.
pub(super) fn encode(text: &str, encoding: &str) -> Option<Vec<u8>> {
    let name = encoding.to_ascii_uppercase();
    let little = |units: Vec<u16>| units.into_iter().flat_map(u16::to_le_bytes).collect();
    let big = |units: Vec<u16>| units.into_iter().flat_map(u16::to_be_bytes).collect();
    let units = || text.encode_utf16().collect::<Vec<_>>();
    let marked = || std::iter::once(0xFEFF).chain(text.encode_utf16()).collect::<Vec<_>>();
    let wide = |mark: bool| {
        let mark = mark.then_some('\u{FEFF}');
        mark.into_iter().chain(text.chars()).map(u32::from).collect::<Vec<_>>()
    };
    let encoded = match name.as_str() {
        // Without a byte order in its name, it is that of this machine, with a mark to tell.
        "UTF-16" | "UTF16" | "UTF-16LE-BOM" | "UTF16LE-BOM" => little(marked()),
        "UTF-16BE-BOM" | "UTF16BE-BOM" => big(marked()),
        "UTF-16LE" | "UTF16LE" => little(units()),
        "UTF-16BE" | "UTF16BE" => big(units()),
        "UTF-32" | "UTF32" => wide(true).into_iter().flat_map(u32::to_le_bytes).collect(),
        "UTF-32LE" | "UTF32LE" => wide(false).into_iter().flat_map(u32::to_le_bytes).collect(),
        "UTF-32BE" | "UTF32BE" => wide(false).into_iter().flat_map(u32::to_be_bytes).collect(),
        // What the web calls by these names is windows-1252.
        "ISO-8859-1" | "ISO8859-1" | "LATIN1" | "LATIN-1" => {
            text.chars().map(|char| u8::try_from(char).ok()).collect::<Option<_>>()?
        }
        "ASCII" | "US-ASCII" => text.is_ascii().then(|| text.as_bytes().to_vec())?,
        _ => {
            let encoding = encoding_rs::Encoding::for_label(encoding.as_bytes())?;
            let (bytes, _, unmappable) = encoding.encode(text);
            if unmappable {
                return None;
            }
            bytes.into_owned()
        }
    };
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_expanded_as_git_does() {
        let check = |content: &str, expected: &str| {
            let expanded = expand_ident(content.as_bytes(), "abc");
            assert_eq!(expanded.to_str_lossy(), expected, "{content}");
        };
        check("a $Id$ b", "a $Id: abc $ b");
        check("$Id: old $$Id$", "$Id: abc $$Id: abc $");
        check("$Id:old$", "$Id: abc $");
        check("$Id: a b c $", "$Id: a b c $");
        check("$Id: \n$ $Id", "$Id: \n$ $Id");
        check("$$Id$ $Idx$ $id$", "$$Id: abc $ $Idx$ $id$");
        check("$Id:$ $Id: $", "$Id: abc $ $Id: abc $");
    }

    #[test]
    fn text_is_encoded_as_iconv_does() {
        assert_eq!(encode("é", "utf-16").unwrap(), b"\xff\xfe\xe9\0");
        assert_eq!(encode("é", "UTF-16BE").unwrap(), b"\0\xe9");
        assert_eq!(encode("é", "UTF-32LE").unwrap(), b"\xe9\0\0\0");
        assert_eq!(encode("é", "latin1").unwrap(), b"\xe9");
        assert_eq!(encode("€", "latin1"), None);
        assert_eq!(encode("あ", "SHIFT-JIS").unwrap(), b"\x82\xa0");
        assert_eq!(encode("é", "ascii"), None);
        assert_eq!(encode("a", "no such thing"), None);
    }
}
