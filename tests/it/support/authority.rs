//! A certificate authority that nobody trusts unless told to.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An authority, with its certificate in a file.
#[derive(Debug)]
pub(crate) struct Authority {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes one.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "Throw-away authority");
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("ca.crt"), own.pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    /// The file to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.dir.path().join("ca.crt")
    }

    /// Writes `tls.crt` and `tls.key` for loopback into a directory.
    pub(crate) fn issue(&self, dir: &Path) {
        self.certify(&Leaf::default(), dir);
    }

    /// Writes `tls.crt` and `tls.key` into a directory.
    pub(crate) fn certify(&self, what: &Leaf, dir: &Path) {
        let mut params = CertificateParams::new(what.names.clone()).unwrap();
        params.distinguished_name.push(DnType::CommonName, what.subject.clone());
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(what.years.0, 1, 1);
        params.not_after = date_time_ymd(what.years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let leaf = if what.alone {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.self_signed(&key).unwrap()
        } else {
            params.signed_by(&key, &self.issuer).unwrap()
        };
        fs::write(dir.join("tls.crt"), leaf.pem()).unwrap();
        fs::write(dir.join("tls.key"), key.serialize_pem()).unwrap();
    }
}

/// What a certificate is to say.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// Who has it.
    pub(crate) subject: String,
    /// Hosts that it is for.
    pub(crate) names: Vec<String>,
    /// From the beginning of which year to that of which it is valid.
    pub(crate) years: (i32, i32),
    /// Whether it is signed by itself, and so an authority's, as `openssl req -x509` makes it.
    pub(crate) alone: bool,
}

impl Default for Leaf {
    fn default() -> Self {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        Self { subject: "loopback".to_owned(), names, years: (2000, 3000), alone: false }
    }
}
