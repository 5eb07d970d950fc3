//! Certificates with their keys, by the name that a client asks for.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::{TlsError, certificates};

/// Where a certificate chain and its private key are.
#[derive(Clone, Debug)]
pub(super) struct IdentityFiles {
    pub(super) chain: PathBuf,
    key: PathBuf,
}

impl IdentityFiles {
    pub(super) fn new(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Self {
        Self {
            chain: chain.as_ref().to_owned(),
            key: key.as_ref().to_owned(),
        }
    }

    /// Makes what shows this identity to every server.
    pub(super) fn only(
        &self,
        provider: &CryptoProvider,
    ) -> Result<Arc<dyn ResolvesClientCert>, TlsError> {
        let key = self.load(provider)?;
        Ok(Arc::new(SingleCertAndKey::from(key)))
    }

    fn load(&self, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
        let chain = certificates(&self.chain)?;
        let key = PrivateKeyDer::from_pem_file(&self.key);
        let key = key.map_err(|error| TlsError::about(&self.key, &error))?;
        // Checks that the key is that of the certificate.
        let certified = CertifiedKey::from_der(chain, key, provider);
        Ok(Arc::new(
            certified.map_err(|error| TlsError::about(&self.key, &error))?,
        ))
    }
}

/// All identities of a server.
pub(super) struct Identities {
    usual: Arc<CertifiedKey>,
    by_name: HashMap<String, Arc<CertifiedKey>>,
}

impl Identities {
    pub(super) fn load(
        usual: &IdentityFiles,
        by_name: &[(String, IdentityFiles)],
        provider: &CryptoProvider,
    ) -> Result<Self, TlsError> {
        let named = by_name
            .iter()
            .map(|(name, files)| Ok((name.clone(), files.load(provider)?)));
        Ok(Self {
            usual: usual.load(provider)?,
            by_name: named.collect::<Result<_, TlsError>>()?,
        })
    }
}

impl ResolvesServerCert for Identities {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        let named = name.and_then(|name| self.by_name.get(&name));
        Some(Arc::clone(named.unwrap_or(&self.usual)))
    }
}

/// Names only: keys are nobody's business.
impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_name.keys()).finish()
    }
}
