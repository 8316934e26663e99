//! The names in the file of a program, as whoever reads a profile looks them up.

use object::elf::{FileHeader64, PT_LOAD, STT_FUNC};
use object::read::elf::{ElfFile64, ProgramHeader, Sym};
use object::{Endianness, Object};
use std::fs;
use std::path::Path;

type Header = FileHeader64<Endianness>;

/// What is known of a file.
#[derive(Debug)]
pub(crate) struct Symbols {
    /// What its linker called it, in hexadecimal digits.
    pub(crate) build_id: String,
    /// From where in the file, how long, and where the program wants it.
    segments: Vec<(u64, u64, u64)>,
    /// From where the program wants it, how long, and its name.
    functions: Vec<(u64, u64, String)>,
}

impl Symbols {
    /// Reads a file.
    pub(crate) fn of(file: &Path) -> Self {
        let content = fs::read(file).unwrap();
        let elf = ElfFile64::<Endianness>::parse(content.as_slice()).unwrap();
        let endian = elf.endian();
        let id = elf.build_id().unwrap().expect("the program has a build ID");
        let headers = elf.elf_program_headers().iter();
        let loaded = headers.filter(|segment| segment.p_type(endian) == PT_LOAD);
        let place = |segment: &<Header as object::read::elf::FileHeader>::ProgramHeader| {
            (segment.p_offset(endian), segment.p_filesz(endian), segment.p_vaddr(endian))
        };
        let table = elf.elf_symbol_table();
        let functions = table.iter().filter(|symbol| symbol.st_type() == STT_FUNC);
        let function = |symbol: &<Header as object::read::elf::FileHeader>::Sym| {
            let name = symbol.name(endian, table.strings()).unwrap();
            let name = String::from_utf8_lossy(name).into_owned();
            (symbol.st_value(endian), symbol.st_size(endian), name)
        };
        Self {
            build_id: id.iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}")),
            segments: loaded.map(place).collect(),
            functions: functions.map(function).collect(),
        }
    }

    /// The function that is at a place in the file.
    pub(crate) fn name(&self, offset: u64) -> Option<String> {
        let within = |start: u64, length: u64, at: u64| (start..start + length).contains(&at);
        let mut segments = self.segments.iter();
        let (from, _, address) = segments.find(|(from, len, _)| within(*from, *len, offset))?;
        let address = offset - from + address;
        let mut functions = self.functions.iter();
        let found = functions.find(|(start, length, _)| within(*start, *length, address));
        found.map(|(_, _, name)| name.clone())
    }
}
