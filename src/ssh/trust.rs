//! Whether a server is the one that it should be.

use crate::model::FileChoice;
use crate::ssh::HostProblem;
use crate::ssh::known_hosts;
use crate::ssh::known_hosts::{Host, Known, Line, fits};
use jiff::Timestamp;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::known_hosts::Marker;
use russh::keys::{Algorithm, Certificate, EcdsaCurve, HashAlg, PublicKey, PublicKeyOrCertificate};
use std::sync::Arc;

/// The kinds of host keys that we believe, best first. SHA-1 is not among them.
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// What is known of a host; no list at all if any host will do.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    pub(super) host: Host,
    pub(super) known: Option<Arc<Vec<Known>>>,
    /// The files that this was read from.
    pub(super) files: Vec<FileChoice>,
}

impl Trust {
    /// The kinds of keys to ask the host for, those first that it is known by.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        let known = self.lines(None);
        let is_known = |kind: &Algorithm| {
            known.iter().any(|known| {
                let have = known.key.algorithm();
                have == *kind || (have.is_rsa() && matches!(kind, Algorithm::Rsa { .. }))
            })
        };
        let (first, rest): (Vec<_>, Vec<_>) = ALGORITHMS.into_iter().partition(is_known);
        first.into_iter().chain(rest).collect()
    }

    /// The kinds of certificates to ask the host for: none unless an authority is known for it.
    pub(super) fn certificates(&self) -> Vec<Algorithm> {
        if self.lines(Some(Marker::CertAuthority)).is_empty() {
            Vec::new()
        } else {
            ALGORITHMS.to_vec()
        }
    }

    fn lines(&self, marker: Option<Marker>) -> Vec<Line<'_>> {
        self.known.as_ref().map_or_else(Vec::new, |known| self.host.lines(known, marker))
    }

    /// Says whether what the host has shown is what it should have.
    pub(super) fn judge(
        &self,
        shown: &PublicKeyOrCertificate,
        now: Timestamp,
    ) -> Result<(), HostProblem> {
        if self.known.is_none() {
            return Ok(());
        }
        let key = shown.public_key();
        self.check_revoked(&key)?;
        match shown.certificate() {
            Some(certificate) => {
                let signer = PublicKey::from(certificate.signature_key().clone());
                self.check_revoked(&signer)?;
                let authorities = self.lines(Some(Marker::CertAuthority));
                if authorities.iter().any(|known| known.key.key_data() == signer.key_data()) {
                    self.check_certificate(certificate, now)
                } else {
                    self.check_key(&key)
                }
            }
            None => self.check_key(&key),
        }
    }

    fn check_revoked(&self, key: &PublicKey) -> Result<(), HostProblem> {
        let revoked = self.lines(Some(Marker::Revoked));
        match revoked.iter().find(|known| known.key.key_data() == key.key_data()) {
            Some(known) => Err(HostProblem::Revoked {
                host: self.host.to_string(),
                key: in_words(key),
                place: known.place.to_string(),
            }),
            None => Ok(()),
        }
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), HostProblem> {
        let known = self.lines(None);
        if known.iter().any(|known| known.key.key_data() == key.key_data()) {
            return Ok(());
        }
        let host = self.host.to_string();
        if known.is_empty() {
            let bare = PublicKey::from(key.key_data().clone());
            let line = format!("{host} {}", bare.to_openssh().unwrap_or_default());
            let files = known_hosts::in_words(&self.files);
            let advice = format!(
                "looked for it in {files}; if it is the right one, add this line to known_hosts: {line}"
            );
            return Err(HostProblem::Unknown { host, key: in_words(key), advice });
        }
        let with_place = |known: &Line<'_>| format!("{} ({})", in_words(known.key), known.place);
        let known = known.iter().map(with_place).collect::<Vec<_>>().join(", ");
        Err(HostProblem::Changed { host, key: in_words(key), known })
    }

    /// Looks at a certificate whose signer is an authority for this host.
    fn check_certificate(
        &self,
        certificate: &Certificate,
        now: Timestamp,
    ) -> Result<(), HostProblem> {
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let names = certificate.valid_principals();
        let host = self.host.bare();
        let names_it = |name: &String| fits(name.to_ascii_lowercase().as_bytes(), host.as_bytes());
        let reason = if certificate.cert_type() != CertType::Host {
            "it is one of a user".to_owned()
        } else if certificate.signature().algorithm() == (Algorithm::Rsa { hash: None }) {
            "it is signed with SHA-1".to_owned()
        } else if certificate.verify_signature().is_err() {
            "its signature is wrong".to_owned()
        } else if seconds < certificate.valid_after() {
            "it is not valid yet".to_owned()
        } else if seconds >= certificate.valid_before() {
            "it has expired".to_owned()
        } else if certificate.critical_options().iter().next().is_some() {
            "it has conditions that are not understood".to_owned()
        } else if !names.is_empty() && !names.iter().any(names_it) {
            format!("it is for {}", names.join(", "))
        } else {
            return Ok(());
        };
        Err(HostProblem::Certificate { host: self.host.to_string(), reason })
    }
}

/// The kind and fingerprint of a key, as `ssh-keygen -l` has it.
fn in_words(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm().as_str(), key.fingerprint(HashAlg::Sha256))
}
