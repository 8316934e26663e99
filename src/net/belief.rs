//! Who is believed over TLS: servers that known certificates speak for, or, as `http.sslVerify=false`
//! wants it, any. Signatures are checked for both, so that what is broken is not taken for what is
//! merely unknown.

use crate::model::Cause;
use crate::net::NetError;
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    WantsClientCert, verify_server_cert_signed_by_trust_anchor, verify_server_name,
};
use rustls::crypto::ring::default_provider;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, ConfigBuilder, Error, RootCertStore};
use rustls::{DigitallySignedStruct, SignatureScheme};
use std::collections::HashSet;
use std::sync::Arc;

/// The certificates that were given to be believed.
#[derive(Debug)]
pub(super) struct Known {
    roots: RootCertStore,
    /// The sum of each, byte for byte.
    sums: HashSet<Vec<u8>>,
}

impl Known {
    /// None at all.
    pub(super) fn nothing() -> Self {
        Self { roots: RootCertStore::empty(), sums: HashSet::new() }
    }

    /// Adds one, if it can be read.
    pub(super) fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), Error> {
        let sum = sum(&certificate);
        self.roots.add(certificate)?;
        self.sums.insert(sum);
        Ok(())
    }

    /// Adds those that can be read, and says how many they are.
    pub(super) fn add_readable(&mut self, certificates: Vec<CertificateDer<'static>>) -> usize {
        let added = certificates.into_iter().map(|certificate| self.add(certificate));
        added.flatten().count()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.roots.len()
    }

    /// Says whether the certificate that a server shows is to be believed, whatever its names.
    fn check(
        &self,
        (shown, bytes): (&ParsedCertificate<'_>, &CertificateDer<'_>),
        between: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<(), Error> {
        let under = |roots, between| {
            verify_server_cert_signed_by_trust_anchor(shown, roots, between, now, algorithms.all)
        };
        if !self.sums.contains(&sum(bytes)) {
            return under(&self.roots, between);
        }
        // This very one was given, so it need not be signed by another. What else is wrong with it,
        // as that it has expired, is found first.
        match under(&RootCertStore::empty(), &[]) {
            Err(Error::InvalidCertificate(error)) if lacks_only_an_issuer(&error) => Ok(()),
            other => other,
        }
    }
}

fn sum(certificate: &CertificateDer<'_>) -> Vec<u8> {
    digest(&SHA256, certificate).as_ref().to_vec()
}

/// Recognises what is said of a certificate by itself when its time is right.
fn lacks_only_an_issuer(error: &CertificateError) -> bool {
    *error == CertificateError::UnknownIssuer || is_of_authority(error)
}

/// Recognises the refusal of an authority's certificate as that of a server.
pub(super) fn is_of_authority(error: &CertificateError) -> bool {
    let CertificateError::Other(other) = error else { return false };
    matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// Who is believed.
#[derive(Clone, Debug)]
pub(super) enum Belief {
    /// Any server.
    Anybody,
    /// Servers that these speak for.
    Known(Arc<Known>),
}

impl Belief {
    /// Begins a set-up for TLS in which these are believed.
    pub(super) fn builder(&self) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, NetError> {
        let provider = Arc::new(default_provider());
        let algorithms = provider.signature_verification_algorithms;
        let verifier = Arc::new(Verifier { belief: self.clone(), algorithms });
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| NetError::Certificates {
                path: "rustls".into(),
                option: "set-up of",
                source: Cause::of(&source),
            })?;
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier))
    }
}

#[derive(Debug)]
struct Verifier {
    belief: Belief,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Belief::Known(known) = &self.belief {
            let shown = ParsedCertificate::try_from(end_entity)?;
            known.check((&shown, end_entity), intermediates, now, &self.algorithms)?;
            verify_server_name(&shown, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
