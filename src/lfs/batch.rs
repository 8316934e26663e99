//! What is said to an LFS server, and what it says (git-lfs, docs/api/batch.md).

use crate::lfs::{Oid, Pointer};
use crate::model::{Cause, Secret, short};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many files are asked for at once.
pub(super) const AT_ONCE: usize = 100;
/// How both sides call what they say.
pub(super) const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";

/// The question where some files are.
#[derive(Debug, Serialize)]
pub(super) struct Question<'a> {
    operation: &'static str,
    transfers: [&'static str; 1],
    objects: Vec<Asked<'a>>,
    hash_algo: &'static str,
}

#[derive(Debug, Serialize)]
struct Asked<'a> {
    oid: &'a str,
    size: u64,
}

impl<'a> Question<'a> {
    pub(super) fn about(pointers: impl Iterator<Item = &'a Pointer>) -> Self {
        let asked = |pointer: &'a Pointer| Asked { oid: pointer.oid.as_str(), size: pointer.size };
        Self {
            operation: "download",
            transfers: ["basic"],
            objects: pointers.map(asked).collect(),
            hash_algo: "sha256",
        }
    }
}

/// The answer. What is not known is passed over.
#[derive(Deserialize)]
pub(super) struct Answer {
    transfer: Option<String>,
    hash_algo: Option<String>,
    objects: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    oid: String,
    #[serde(default)]
    authenticated: Option<bool>,
    #[serde(default)]
    actions: Option<Actions>,
    #[serde(default)]
    error: Option<Complaint>,
}

#[derive(Deserialize)]
struct Actions {
    #[serde(default)]
    download: Option<Link>,
}

/// Why a file is not to be had.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Complaint {
    pub(super) code: u16,
    #[serde(default)]
    pub(super) message: String,
}

/// What a whole request was refused with.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) message: String,
}

/// Where something is, and what to say there.
#[derive(Clone, Deserialize)]
pub(super) struct Link {
    pub(super) href: String,
    #[serde(default)]
    pub(super) header: Option<BTreeMap<String, String>>,
}

/// What is known of a file.
pub(super) type Offer = Result<Download, Complaint>;

/// How a file can be had.
#[derive(Clone, Debug)]
pub(super) struct Download {
    /// Where it is. It may hold a signature.
    pub(super) href: Secret,
    /// The lines to send, and no others.
    pub(super) header: Vec<(String, Secret)>,
    /// Whether who we are is in these already.
    pub(super) authenticated: bool,
}

impl Download {
    pub(super) fn new(link: Link, authenticated: bool) -> Self {
        let header = link.header.unwrap_or_default();
        let header: Vec<_> =
            header.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
        let says_who = |(name, _): &(String, Secret)| name.eq_ignore_ascii_case("authorization");
        let authenticated = authenticated || header.iter().any(says_who);
        Self { href: Secret::new(link.href), header, authenticated }
    }
}

/// Says where a text is not what it should be, and nothing of what is there: it may be a secret.
pub(super) fn odd_at(error: &serde_json::Error) -> Cause {
    let kind = if error.is_data() { "it says something else" } else { "it is no JSON" };
    Cause::new(format!("{kind} at line {} column {}", error.line(), error.column()))
}

impl Answer {
    /// What is said of each file.
    pub(super) fn offers(self) -> Result<BTreeMap<Oid, Offer>, String> {
        let odd = |what: &Option<String>, wanted: &str| {
            what.clone().filter(|what| !what.is_empty() && !what.eq_ignore_ascii_case(wanted))
        };
        if let Some(transfer) = odd(&self.transfer, "basic") {
            return Err(format!("it wants to transfer files by {:?}", short(&transfer)));
        }
        if let Some(hash) = odd(&self.hash_algo, "sha256") {
            return Err(format!("it names files by {:?}", short(&hash)));
        }
        let offer = |told: Told| {
            let authenticated = told.authenticated == Some(true);
            let link = told.actions.and_then(|actions| actions.download);
            let offer = match (told.error, link) {
                (Some(error), _) => Err(Complaint { message: short(&error.message), ..error }),
                (None, Some(link)) => Ok(Download::new(link, authenticated)),
                (None, None) => Err(Complaint {
                    code: 404,
                    message: "it says nothing of where the file is".to_owned(),
                }),
            };
            Some((Oid::new(&told.oid)?, offer))
        };
        Ok(self.objects.into_iter().filter_map(offer).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    fn pointer() -> Pointer {
        Pointer { oid: Oid::new(OID).unwrap(), size: 3, extension: None }
    }

    fn answer(text: &str) -> Answer {
        serde_json::from_str(text).unwrap()
    }

    fn offer(told: &str) -> Option<Offer> {
        let text = format!(r#"{{"transfer":"basic","objects":[{{"oid":"{OID}",{told}}}]}}"#);
        answer(&text).offers().ok()?.remove(&pointer().oid)
    }

    fn download(told: &str) -> Download {
        offer(told).unwrap().unwrap()
    }

    fn complaint(told: &str) -> Complaint {
        offer(told).unwrap().unwrap_err()
    }

    #[test]
    fn the_question_names_files_and_sizes() {
        let pointer = pointer();
        let question = Question::about([&pointer].into_iter());
        let text = serde_json::to_string(&question).unwrap();
        let wanted = format!(
            r#"{{"operation":"download","transfers":["basic"],"objects":[{{"oid":"{OID}","size":3}}],"hash_algo":"sha256"}}"#
        );
        assert_eq!(text, wanted);
    }

    #[test]
    fn a_file_is_offered_or_there_is_a_reason() {
        let first = download(
            r#""size":3,"authenticated":true,"actions":{"download":{"href":"https://h/x","header":{"A":"b"},"expires_in":5}}"#,
        );
        assert_eq!(first.href.reveal(), "https://h/x");
        assert_eq!((first.header.len(), first.authenticated), (1, true));
        let plain = download(r#""actions":{"download":{"href":"https://h/x","header":null}}"#);
        assert!(!plain.authenticated);
        let gone = complaint(r#""error":{"code":410,"message":"gone"}"#);
        assert_eq!((gone.code, gone.message.as_str()), (410, "gone"));
        assert_eq!(complaint(r#""size":3"#).code, 404);
        assert!(
            !format!("{:?}", offer(r#""actions":{"download":{"href":"hush"}}"#)).contains("hush")
        );
    }

    #[test]
    fn what_an_answer_says_is_not_told_at_length_and_secrets_not_at_all() {
        let long = "x".repeat(10_000);
        let error = complaint(&format!(r#""error":{{"code":410,"message":"{long}"}}"#));
        assert_eq!(error.message.chars().count(), 257);
        for odd in ["transfer", "hash_algo"] {
            let text = format!(r#"{{"{odd}":"{long}","objects":[]}}"#);
            assert!(answer(&text).offers().unwrap_err().len() < 400, "{odd}");
        }
        let text = r#"{"objects":[{"oid":"","actions":{"download":{"href":"","header":"hush"}}}]}"#;
        let error = serde_json::from_str::<Answer>(text).err().unwrap();
        assert!(error.to_string().contains("hush"));
        assert_eq!(odd_at(&error).to_string(), "it says something else at line 1 column 70");
    }

    #[test]
    fn who_we_are_may_be_in_the_lines_to_send() {
        let lines = r#"{"authorization":"x"}"#;
        let told = format!(r#""actions":{{"download":{{"href":"https://h","header":{lines}}}}}"#);
        assert!(download(&told).authenticated);
    }

    #[test]
    fn other_ways_than_ours_are_refused() {
        for odd in [r#""transfer":"tus""#, r#""hash_algo":"sha1""#] {
            let text = format!(r#"{{{odd},"objects":[]}}"#);
            assert!(answer(&text).offers().is_err(), "{odd}");
        }
        assert!(answer(r#"{"transfer":null,"objects":[]}"#).offers().unwrap().is_empty());
    }
}
