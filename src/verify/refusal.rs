//! Why a signature is not believed, in words that say what to look at.

use jiff::Timestamp;

/// Why a commit or a tag does not verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no signature.
    #[error("it is not signed; sign it (git commit -S, git tag -s) with a key of verify-key-dir")]
    Unsigned,
    /// There is more than one.
    #[error("it has {0} signatures, and it is not clear which one counts; sign it anew")]
    Many(usize),
    /// It is a signature of a kind that is not known here.
    #[error("its signature is neither one of PGP nor one of SSH (X.509 is not read)")]
    Kind,
    /// It cannot be read.
    #[error("its signature is damaged: {0}; sign it anew")]
    Broken(String),
    /// It was made by something that is not taken.
    #[error("its signature by {key} cannot be taken: {why}; sign it anew by other means")]
    Weak {
        /// Which key.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// Nobody here knows the key.
    #[error(
        "it is signed by {key}, which is in no file of verify-key-dir; if that key is to be trusted, put it there"
    )]
    Unknown {
        /// Which key.
        key: String,
    },
    /// The signature says nothing of who made it.
    #[error("its signature does not say by which key it was made; sign it anew")]
    Nobody,
    /// The signature was not made for this content, or not by this key.
    #[error(
        "its signature by {key} does not fit its content: it was changed after it was signed, or the signature is of something else"
    )]
    Mismatch {
        /// Which key.
        key: String,
    },
    /// The key was taken back.
    #[error("it is signed by {key}, which is revoked; sign it anew with a key that counts")]
    Revoked {
        /// Which key.
        key: String,
    },
    /// The key has ended.
    #[error("it is signed by {key}, which expired at {}; if the time of the key was made longer, put the newer key into verify-key-dir", moment(*at))]
    Expired {
        /// Which key.
        key: String,
        /// When.
        at: u64,
    },
    /// The signature has ended.
    #[error("its signature by {key} expired at {}; sign it anew", moment(*at))]
    Over {
        /// Which key.
        key: String,
        /// When.
        at: u64,
    },
    /// The signature is older than the key.
    #[error("its signature by {key} is older than that key; check the clock where it was signed")]
    Early {
        /// Which key.
        key: String,
    },
    /// The key is not for that.
    #[error("it is signed by {key}, which cannot sign it: {why}")]
    Unfit {
        /// Which key.
        key: String,
        /// Why not.
        why: String,
    },
    /// It is a signature of SSH for something else than Git.
    #[error(
        "its signature by {key} was made for {namespace:?} and not for \"git\"; sign it with Git"
    )]
    Purpose {
        /// Which key.
        key: String,
        /// What for.
        namespace: String,
    },
    /// It was made by a certificate.
    #[error(
        "it is signed by a certificate of SSH, which is not taken; sign it with the key itself"
    )]
    Certificate,
    /// The list of revoked keys cannot be read, so no key of SSH counts.
    #[error(
        "it is signed by {key}, and no key of SSH counts while revoked_keys in verify-key-dir cannot be read: {why}"
    )]
    NoList {
        /// Which key.
        key: String,
        /// Why not.
        why: String,
    },
    /// The tag says another name of itself.
    #[error(
        "the tag calls itself {says:?}, and the ref is {name:?}: a signed tag counts only by its own name; tag it anew"
    )]
    OtherName {
        /// What it says.
        says: String,
        /// What the ref is called.
        name: String,
    },
    /// There is no key at all.
    #[error("there is no usable key in verify-key-dir{}", why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default())]
    NoKeys {
        /// What is wrong there.
        why: Option<String>,
    },
    /// What is followed is no signed tag.
    #[error(
        "verify=tag needs a signed tag, and {what}; follow an annotated tag (--ref=tag:GLOB, semver:RANGE or refs/tags/NAME), or use --verify=head"
    )]
    NoTag {
        /// What it is instead.
        what: String,
    },
}

impl Refusal {
    /// Whether the answer may be another one at another time, as keys and signatures have their
    /// times, and a clock may be wrong for a while.
    pub fn may_pass(&self) -> bool {
        // A key, or a part of it, whose own words have ended is not known as what it was.
        matches!(
            self,
            Self::Expired { .. }
                | Self::Over { .. }
                | Self::Unfit { .. }
                | Self::Unknown { .. }
                | Self::NoKeys { .. }
        )
    }
}

fn moment(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|it| Timestamp::from_second(it).ok());
    time.map_or_else(|| format!("second {seconds}"), |time| time.to_string())
}
