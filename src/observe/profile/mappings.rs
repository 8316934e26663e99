//! Which parts of which files the program executes, and where they are in its memory: with that,
//! addresses can be told from each other and looked up in these files.

use object::elf::{FileHeader64, NT_GNU_BUILD_ID};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, elf};
use std::fmt::Write;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;

/// The program's file, also where its path leads elsewhere by now.
const OURSELVES: &str = "/proc/self/exe";
/// How far into a file its headers and notes are looked for. Linkers put them first.
const HEAD: u64 = 4096;

/// A part of a file that is executed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mapping {
    /// Its first address in memory.
    pub(super) start: u64,
    /// The address behind it.
    pub(super) limit: u64,
    /// Where it begins in the file.
    pub(super) offset: u64,
    /// The file.
    pub(super) path: String,
    /// What the linker called the file by its content, in hexadecimal digits; empty if it did not.
    pub(super) build_id: String,
}

impl Mapping {
    /// Says whether an address is in it.
    pub(super) fn has(&self, address: u64) -> bool {
        (self.start..self.limit).contains(&address)
    }
}

/// All of them. The program's own come first, as Go's tools expect it.
pub(super) fn all() -> io::Result<Vec<Mapping>> {
    let maps = fs::read("/proc/self/maps")?;
    let mut found: Vec<_> = String::from_utf8_lossy(&maps).lines().filter_map(read).collect();
    let own = fs::read_link(OURSELVES)?;
    let is_own = |mapping: &Mapping| Path::new(&mapping.path) == own;
    found.sort_by_key(|mapping| !is_own(mapping));
    for mapping in &mut found {
        let file = if is_own(mapping) { OURSELVES } else { &mapping.path };
        // What is no file has no head, such as what the kernel brings.
        mapping.build_id = head(file).ok().and_then(|head| build_id(&head)).unwrap_or_default();
    }
    Ok(found)
}

/// Reads a line of `/proc/PID/maps`; none if nothing is executed there, or it belongs to no file.
fn read(line: &str) -> Option<Mapping> {
    let mut rest = line;
    let mut word = || {
        let (word, behind) = rest.split_once(' ')?;
        rest = behind.trim_start();
        Some(word)
    };
    let (range, rights, offset) = (word()?, word()?, word()?);
    let (_device, _inode) = (word()?, word()?);
    let (start, limit) = range.split_once('-')?;
    let number = |digits| u64::from_str_radix(digits, 16).ok();
    let mapping = Mapping {
        start: number(start)?,
        limit: number(limit)?,
        offset: number(offset)?,
        path: rest.to_owned(),
        build_id: String::new(),
    };
    (rights.contains('x') && !rest.is_empty()).then_some(mapping)
}

fn head(path: &str) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// Finds the name that the linker gave, at the head of a file.
fn build_id(head: &[u8]) -> Option<String> {
    let header = FileHeader64::<Endianness>::parse(head).ok()?;
    let endian = header.endian().ok()?;
    for segment in header.program_headers(endian, head).ok()? {
        // None where the segment is something else, or further behind in the file.
        let Ok(Some(mut notes)) = segment.notes(endian, head) else { continue };
        while let Ok(Some(note)) = notes.next() {
            if note.name() == elf::ELF_NOTE_GNU && note.n_type(endian) == NT_GNU_BUILD_ID {
                return Some(hex(note.desc()));
            }
        }
    }
    None
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // A String takes everything.
        write!(digits, "{byte:02x}").unwrap_or_default();
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_executed_is_found_in_the_maps_of_a_process() {
        let maps = "\
            5581a4e00000-5581a4e52000 r--p 00000000 fd:00 1179 /opt/a b/gitsyncd\n\
            5581a4e52000-5581a5a11000 r-xp 00051000 fd:00 1179                       /opt/a b/gitsyncd\n\
            7f5e20000000-7f5e20021000 rwxp 00000000 00:00 0 \n\
            7ffc1d5f2000-7ffc1d5f4000 r-xp 00000000 00:00 0                          [vdso]\n\
            nonsense\n";
        let found: Vec<_> = maps.lines().filter_map(read).collect();
        let paths: Vec<_> = found.iter().map(|mapping| mapping.path.as_str()).collect();
        assert_eq!(paths, ["/opt/a b/gitsyncd", "[vdso]"]);
        let own = &found[0];
        assert_eq!(
            (own.start, own.limit, own.offset),
            (0x5581_a4e5_2000, 0x5581_a5a1_1000, 0x51000)
        );
        assert!(own.has(own.start) && !own.has(own.limit));
    }

    #[test]
    fn our_own_code_is_in_the_first_one() {
        let found = all().unwrap();
        let function: fn(&str) -> Option<Mapping> = read;
        let address = format!("{function:p}");
        let number = u64::from_str_radix(address.trim_start_matches("0x"), 16).unwrap();
        assert!(found[0].has(number), "{address}: {found:?}");
        let own = std::env::current_exe().unwrap();
        assert_eq!(Path::new(&found[0].path), own);
    }

    /// The head of a file of 64 bits with one segment of notes.
    fn with_notes(notes: &[u8]) -> Vec<u8> {
        let mut head = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
        head.resize(64, 0);
        let mut put = |at: usize, value: u8| head[at] = value;
        // Where the segments are, how long each is, and how many.
        put(32, 64);
        put(54, 56);
        put(56, 1);
        head.extend([4, 0, 0, 0, 4, 0, 0, 0]);
        let length = u64::try_from(notes.len()).unwrap();
        for number in [120, 0, 0, length, length, 4] {
            head.extend(u64::to_le_bytes(number));
        }
        head.extend(notes);
        head
    }

    #[test]
    fn a_build_id_is_found_among_notes() {
        let other = [4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, b'G', b'N', b'U', 0, 9, 9, 9, 9];
        let id = [4, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, b'G', b'N', b'U', 0, 0x0a, 0xbc, 0xde, 0];
        let both = with_notes(&[other, id].concat());
        assert_eq!(build_id(&both).as_deref(), Some("0abcde"));
        assert_eq!(build_id(&with_notes(&other)), None);
    }

    #[test]
    fn what_is_no_program_or_is_cut_off_has_no_build_id() {
        let id = [4, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, b'G', b'N', b'U', 0, 0x0a, 0xbc, 0xde, 0];
        let whole = with_notes(&id);
        for length in 0..whole.len() - 1 {
            assert_eq!(build_id(&whole[..length]), None, "{length}");
        }
        assert_eq!(build_id(&[b'#'; 200]), None);
    }
}
