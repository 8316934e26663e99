//! Packs that no honest server sends, and a server that sends them.

use gix::hash::{Kind, ObjectId};
use gix::objs::compute_hash;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::git_daemon::{self, GitDaemon};
use crate::support::upstream::Upstream;

/// A pack that is being written.
#[derive(Debug)]
pub(crate) struct Pack {
    bytes: Vec<u8>,
    objects: u32,
}

impl Pack {
    pub(crate) fn new() -> Self {
        Self { bytes: b"PACK\0\0\0\x02\0\0\0\0".to_vec(), objects: 0 }
    }

    /// Adds an object; gives the place where it begins.
    pub(crate) fn object(&mut self, kind: gix::object::Kind, content: &[u8]) -> usize {
        let kind = match kind {
            gix::object::Kind::Commit => 1,
            gix::object::Kind::Tree => 2,
            gix::object::Kind::Blob => 3,
            gix::object::Kind::Tag => 4,
        };
        self.entry((kind, content.len()), &[], content)
    }

    /// Adds a commit of one file, whose content has this name, and gives the commit's.
    pub(crate) fn commit(&mut self, file: &str, content: ObjectId) -> ObjectId {
        let tree = [format!("100644 {file}\0").as_bytes(), content.as_slice()].concat();
        let tree_id = compute_hash(Kind::Sha1, gix::object::Kind::Tree, &tree).unwrap();
        let who = "A <a@example.com> 1700000000 +0000";
        let commit = format!("tree {tree_id}\nauthor {who}\ncommitter {who}\n\nforged\n");
        self.object(gix::object::Kind::Tree, &tree);
        self.object(gix::object::Kind::Commit, commit.as_bytes());
        compute_hash(Kind::Sha1, gix::object::Kind::Commit, commit.as_bytes()).unwrap()
    }

    /// Adds a delta upon what begins at a place.
    pub(crate) fn delta(&mut self, base: usize, delta: &[u8]) -> usize {
        let distance = distance(self.bytes.len() - base);
        self.entry((6, delta.len()), &distance, delta)
    }

    /// Adds a delta upon an object of this name.
    pub(crate) fn delta_by_name(&mut self, base: ObjectId, delta: &[u8]) -> usize {
        self.entry((7, delta.len()), base.as_slice(), delta)
    }

    /// Adds an entry that claims to be of this kind and size.
    pub(crate) fn entry(&mut self, claim: (u8, usize), base: &[u8], content: &[u8]) -> usize {
        let place = self.bytes.len();
        let (kind, size) = claim;
        let mut rest = size >> 4;
        let mut first = kind << 4 | u8::try_from(size & 0xf).unwrap();
        while rest > 0 {
            self.bytes.push(first | 0x80);
            first = u8::try_from(rest & 0x7f).unwrap();
            rest >>= 7;
        }
        self.bytes.push(first);
        self.bytes.extend(base);
        self.bytes.extend(deflated(content));
        self.objects += 1;
        place
    }

    /// The whole pack, as it would be if there were so many objects.
    pub(crate) fn claiming(mut self, objects: u32) -> Vec<u8> {
        self.bytes[8..12].copy_from_slice(&objects.to_be_bytes());
        let mut hasher = gix::hash::hasher(Kind::Sha1);
        hasher.update(&self.bytes);
        self.bytes.extend(hasher.try_finalize().unwrap().as_slice());
        self.bytes
    }

    /// The whole pack.
    pub(crate) fn finish(self) -> Vec<u8> {
        let objects = self.objects;
        self.claiming(objects)
    }
}

/// The name of a file's content.
pub(crate) fn name(content: &[u8]) -> ObjectId {
    compute_hash(Kind::Sha1, gix::object::Kind::Blob, content).unwrap()
}

/// A delta from so many bytes to so many, by these instructions.
pub(crate) fn delta(from: usize, to: usize, instructions: &[u8]) -> Vec<u8> {
    [number(from), number(to), instructions.to_vec()].concat()
}

/// The instruction that copies so many bytes from the beginning, fewer than 16 million.
pub(crate) fn copy(bytes: usize) -> Vec<u8> {
    let length = u32::try_from(bytes).unwrap().to_le_bytes();
    vec![0xf0, length[0], length[1], length[2]]
}

/// The instruction that inserts a few bytes.
pub(crate) fn insert(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

fn number(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

fn distance(mut distance: usize) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(distance & 0x7f).unwrap()];
    while distance > 0x7f {
        distance = (distance >> 7) - 1;
        bytes.push(u8::try_from(distance & 0x7f).unwrap() | 0x80);
    }
    bytes.reverse();
    bytes
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let fastest = gix::zlib::Compression::BEST_SPEED;
    let mut out = gix::zlib::stream::deflate::Write::new(Vec::new(), fastest);
    out.write_all(content).unwrap();
    out.flush().unwrap();
    out.into_inner()
}

/// A real server that sends a pack of ours whatever is asked for.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) server: GitDaemon,
    pack: PathBuf,
}

impl Sender {
    pub(crate) fn start(upstream: &Upstream, pack: &[u8]) -> Self {
        let place = upstream.dir().join("pack-to-send");
        let hook = upstream.dir().join("send");
        // Git counts on it that what it says is read.
        let script = format!(
            "#!/bin/sh\n[ -f {0} ] || exec \"$@\"\ncat >/dev/null\nexec cat {0}\n",
            place.display()
        );
        fs::write(&hook, script).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(&place, pack).unwrap();
        let setting = format!("uploadpack.packObjectsHook={}", hook.display());
        Self { server: git_daemon::serve_with(upstream, &[setting]), pack: place }
    }

    /// Sends what is asked for, from now on.
    pub(crate) fn repent(&self) {
        fs::remove_file(&self.pack).unwrap();
    }
}
