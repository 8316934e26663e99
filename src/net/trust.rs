//! Which servers are believed over TLS, and how we are known to them: one set-up for everything.
//!
//! Files are read when the first connection needs them, and again after they changed.

use crate::disk::list;
use crate::disk::look;
use crate::disk::look::{Look, Unread};
use crate::model::{Cause, FileChoice};
use crate::net::NetError;
use crate::net::belief::{Belief, Known};
use rustls::ClientConfig;
use rustls::ConfigBuilder;
use rustls::InconsistentKeys;
use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// More than all certificates of a system take.
const LIMIT: u64 = 4 << 20;

/// The files to read, and what was read of them.
#[derive(Debug)]
pub struct Trust {
    authorities: Vec<FileChoice>,
    directories: Vec<PathBuf>,
    identities: Vec<(FileChoice, FileChoice)>,
    blind: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How often anything was forgotten.
    generation: u64,
    read: Option<(Vec<Look>, Settings)>,
}

/// What was read.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    anonymous: Arc<ClientConfig>,
    identified: Arc<ClientConfig>,
    for_proxies: Arc<ClientConfig>,
    pub(super) facts: Arc<Facts>,
}

/// What errors tell of it.
#[derive(Debug)]
pub(super) struct Facts {
    /// The files of the authorities; none if the system's are believed.
    pub(super) authorities: Vec<PathBuf>,
    /// How many authorities are believed.
    pub(super) count: usize,
    /// The file of our certificate.
    pub(super) identity: Option<PathBuf>,
}

impl Settings {
    pub(super) fn config(&self, identified: bool) -> Arc<ClientConfig> {
        Arc::clone(if identified { &self.identified } else { &self.anonymous })
    }

    pub(super) fn config_for_proxies(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.for_proxies)
    }
}

impl Trust {
    /// Names the files. All authorities that exist are believed, or the system's if none does; of
    /// the pairs of our certificate and its key, the first that exists counts.
    ///
    /// The system's are where OpenSSL looks for them; `SSL_CERT_FILE` and `SSL_CERT_DIR` are obeyed.
    pub fn new(authorities: Vec<FileChoice>, identities: Vec<(FileChoice, FileChoice)>) -> Self {
        let directories = Vec::new();
        Self { authorities, directories, identities, blind: false, state: Mutex::default() }
    }

    /// Believes the certificates in the files of these directories as well.
    #[must_use]
    pub fn with_directories(self, directories: Vec<PathBuf>) -> Self {
        Self { directories, ..self }
    }

    /// Believes any server, if `blind`. Proxies must still prove who they are.
    #[must_use]
    pub fn blind(self, blind: bool) -> Self {
        Self { blind, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes when anything that was read is out of date.
    pub(super) fn generation(&self) -> u64 {
        self.state().generation
    }

    /// Forgets what was read, so that the next connection reads it again.
    pub(super) fn forget(&self) {
        self.state().read = None;
    }

    /// Looks whether a file changed since it was read, and says so.
    pub(super) fn refresh(&self) -> bool {
        let (generation, seen) = {
            let state = self.state();
            let Some((seen, _)) = &state.read else { return false };
            (state.generation, seen.clone())
        };
        // Nobody else is to wait for a file.
        let now = self.look();
        let same =
            seen.len() == now.len() && seen.iter().zip(&now).all(|(old, new)| old.is_like(new));
        let mut state = self.state();
        let changed = !same && state.generation == generation;
        if changed {
            tracing::info!("the certificates to use for TLS have changed");
            state.read = None;
            state.generation += 1;
        }
        changed
    }

    fn look(&self) -> Vec<Look> {
        let pairs = self.identities.iter().flat_map(|(certificate, key)| [certificate, key]);
        let named = self.authorities.iter().chain(pairs).map(|file| file.path.clone());
        let found = self.directories.iter().flat_map(|directory| files_of(directory));
        named.chain(found).map(|path| Look::at(&path)).collect()
    }

    /// What to connect with, if it was read.
    pub(super) fn ready(&self) -> Option<Settings> {
        self.state().read.as_ref().map(|(_, settings)| settings.clone())
    }

    /// What to connect with.
    pub(super) fn settings(&self) -> Result<Settings, NetError> {
        if let Some(settings) = self.ready() {
            return Ok(settings);
        }
        // Looked at before it is read: a change in between is then seen later.
        let seen = self.look();
        let settings = self.read()?;
        self.state().read = Some((seen, settings.clone()));
        Ok(settings)
    }

    fn read(&self) -> Result<Settings, NetError> {
        let (known, authorities) = self.known()?;
        let identity = self.identity()?;
        let count = known.count();
        let known = Belief::Known(Arc::new(known));
        let for_proxies = Arc::new(known.builder()?.with_no_client_auth());
        let belief = if self.blind { &Belief::Anybody } else { &known };
        let anonymous = if self.blind {
            Arc::new(belief.builder()?.with_no_client_auth())
        } else {
            Arc::clone(&for_proxies)
        };
        let identified = match &identity {
            Some(identity) => Arc::new(identity.show(belief.builder()?)?),
            None => Arc::clone(&anonymous),
        };
        let identity = identity.map(|identity| identity.certificate.0);
        let facts = Arc::new(Facts { authorities, count, identity });
        Ok(Settings { anonymous, identified, for_proxies, facts })
    }

    fn known(&self) -> Result<(Known, Vec<PathBuf>), NetError> {
        let mut known = Known::nothing();
        let mut files = Vec::new();
        for file in &self.authorities {
            let named = Named::new(file, "ca-file");
            let Some(text) = named.read()? else { continue };
            for (number, certificate) in named.certificates(&text)?.into_iter().enumerate() {
                known.add(certificate).map_err(|source| {
                    let text = format!("certificate {} in it: {source}", number + 1);
                    named.error(Cause::new(text))
                })?;
            }
            files.push(file.path.clone());
        }
        let mut known = if files.is_empty() { system() } else { known };
        for directory in &self.directories {
            let found = certificates_in(directory);
            tracing::debug!(directory = %directory.display(), found = found.len(), "read certificates");
            known.add_readable(found);
            files.push(directory.clone());
        }
        Ok((known, files))
    }

    fn identity(&self) -> Result<Option<Identity>, NetError> {
        for (certificate, key) in &self.identities {
            let chain = Named::new(certificate, "client-cert");
            let key = Named::new(key, "client-key");
            let (Some(chain_text), Some(key_text)) = (chain.read()?, key.read()?) else {
                let lacks = |file: &Named<'_>| Look::at(file.path).is_nothing();
                if lacks(&chain) && lacks(&key) {
                    continue;
                }
                let lacking = if lacks(&chain) { &chain } else { &key };
                let text = "it is missing; a certificate and its key belong together";
                return Err(lacking.error(Cause::new(text)));
            };
            let chain_read = chain.certificates(&chain_text)?;
            let key_read = key.private_key(&key_text)?;
            return Ok(Some(Identity {
                certificate: (certificate.path.clone(), chain_read),
                key: key_read,
                named: (chain.option, key.path.to_owned()),
            }));
        }
        Ok(None)
    }
}

/// Our certificate, those that lead to its authority, and its key.
struct Identity {
    certificate: (PathBuf, Vec<CertificateDer<'static>>),
    key: PrivateKeyDer<'static>,
    /// Which option names it, and the file of the key.
    named: (&'static str, PathBuf),
}

impl Identity {
    fn show(
        &self,
        builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> Result<ClientConfig, NetError> {
        let (path, chain) = &self.certificate;
        let (option, key) = &self.named;
        builder.with_client_auth_cert(chain.clone(), self.key.clone_key()).map_err(|error| {
            let key = key.display();
            let text = if error == rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
                format!("the key in {key} is not the key of this certificate")
            } else {
                format!(
                    "the key in {key} cannot be used: {error}; RSA, P-256, P-384 and Ed25519 are known"
                )
            };
            NetError::Identification { path: path.clone(), option, source: Cause::new(text) }
        })
    }
}

/// A file, and the option that names it.
struct Named<'a> {
    path: &'a Path,
    optional: bool,
    option: &'static str,
    /// Whether it says who we are.
    ours: bool,
}

impl<'a> Named<'a> {
    fn new(file: &'a FileChoice, option: &'static str) -> Self {
        let ours = option != "ca-file";
        // Files that may be missing are those in a directory that was named.
        let option = if file.optional { "auth-dir file" } else { option };
        Self { path: &file.path, optional: file.optional, option, ours }
    }

    fn error(&self, source: Cause) -> NetError {
        let (path, option) = (self.path.to_owned(), self.option);
        if self.ours {
            NetError::Identification { path, option, source }
        } else {
            NetError::Certificates { path, option, source }
        }
    }

    /// The content, or nothing if the file is not there and need not be.
    fn read(&self) -> Result<Option<Vec<u8>>, NetError> {
        match look::read(self.path, LIMIT) {
            Ok(Some(text)) if text.trim_ascii().is_empty() => {
                Err(self.error(Cause::new("it is empty")))
            }
            Ok(Some(text)) => Ok(Some(text)),
            Ok(None) if self.optional => Ok(None),
            Ok(None) => Err(self.error(Cause::of(&Unread::missing()))),
            Err(error) => Err(self.error(Cause::of(&error))),
        }
    }

    fn certificates(&self, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, NetError> {
        let mut found = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(text) {
            let certificate = certificate.map_err(|source| {
                let text = format!("certificate {} in it: {source}", found.len() + 1);
                self.error(Cause::new(text))
            })?;
            found.push(certificate);
        }
        if found.is_empty() {
            return Err(self.error(Cause::new("it holds no certificate in PEM form")));
        }
        Ok(found)
    }

    fn private_key(&self, text: &[u8]) -> Result<PrivateKeyDer<'static>, NetError> {
        if text.windows(9).any(|part| part == b"ENCRYPTED") {
            let text = "the key is encrypted, and nobody is here to type its passphrase; \
                        store it without one";
            return Err(self.error(Cause::new(text)));
        }
        // What the parser says of a key is not repeated.
        PrivateKeyDer::from_pem_slice(text)
            .map_err(|_error| self.error(Cause::new("it holds no private key in PEM form")))
    }
}

/// The certificates in the files of a directory. Other files may be there, too.
fn certificates_in(directory: &Path) -> Vec<CertificateDer<'static>> {
    let texts =
        files_of(directory).into_iter().filter_map(|path| look::read(&path, LIMIT).ok().flatten());
    texts
        .flat_map(|text| {
            CertificateDer::pem_slice_iter(&text).filter_map(Result::ok).collect::<Vec<_>>()
        })
        .collect()
}

/// The files of a directory in the order of their names.
fn files_of(directory: &Path) -> Vec<PathBuf> {
    let found = list(directory).unwrap_or_else(|error| {
        tracing::warn!(%error, "could not list the certificates of http.sslCAPath");
        Vec::new()
    });
    let mut files: Vec<_> = found.into_iter().filter(|path| path.is_file()).collect();
    files.sort_unstable();
    files
}

fn system() -> Known {
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        tracing::debug!(%error, "a certificate of the system was not read");
    }
    let (all, mut known) = (found.certs.len(), Known::nothing());
    let added = known.add_readable(found.certs);
    tracing::debug!(added, ignored = all - added, "the system's certificates were read");
    known
}
