//! Which servers are believed: one set-up for everything that speaks TLS.

use crate::model::Cause;
use crate::net::NetError;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;
use std::sync::Arc;

/// Which certificates to believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roots<'a> {
    /// Those in this file, in place of the system's.
    File(&'a Path),
    /// Those of the system.
    System,
    /// None, because nothing is asked over TLS.
    Nobody,
}

/// Trusts the certificates that `roots` names. The system's are where OpenSSL looks for them;
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` are obeyed. Without any, every `https` server is refused.
pub fn trust(roots: Roots<'_>) -> Result<ClientConfig, NetError> {
    let roots = match roots {
        Roots::File(path) => read(path)?,
        Roots::System => system(),
        Roots::Nobody => RootCertStore::empty(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| NetError::Certificates {
            path: "the system".into(),
            source: Cause::of(&source),
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn read(path: &Path) -> Result<RootCertStore, NetError> {
    let error = |source| NetError::Certificates { path: path.to_owned(), source };
    let text = std::fs::read(path).map_err(|source| error(Cause::of(&source)))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|source| error(Cause::of(&source)))?;
        roots.add(certificate).map_err(|source| error(Cause::of(&source)))?;
    }
    if roots.is_empty() {
        return Err(error(Cause::new("the file holds no certificate in PEM form")));
    }
    Ok(roots)
}

fn system() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        tracing::debug!(%error, "a certificate of the system was not read");
    }
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(added, ignored, "the system's certificates were read");
    roots
}
