//! A certificate authority that nobody trusts unless told to.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
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
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "loopback");
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(dir.join("tls.crt"), leaf.pem()).unwrap();
        fs::write(dir.join("tls.key"), key.serialize_pem()).unwrap();
    }
}
