//! TLS for both sides, by rustls: identities by name, client certificates, reloading.
//!
//! Certificates and keys are read from PEM files. [`TlsServer::reload`] reads
//! them anew for the connections to come, and leaves everything as it is when
//! one of them is bad, so a renewed certificate needs no restart.

mod identity;
mod secured;
mod trust;

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{Connection, RootCertStore, ServerConfig, ServerConnection};

use identity::{Identities, IdentityFiles};

use crate::net::socket::Socket;

pub(crate) use secured::{Endings, Secured};
pub use trust::TlsClient;

/// What a server shows and asks for in a TLS handshake. Clones share it, so
/// that a reload through one is a reload for all.
///
/// # Examples
///
/// ```no_run
/// use seda_io::http::{HttpServer, Limits};
/// use seda_io::tls::TlsServer;
///
/// let tls = TlsServer::from_pem("server.pem", "server.key")?
///     .with_identity("other.example", "other.pem", "other.key")?;
/// let server = HttpServer::bind("0.0.0.0:443", Limits::default())?.with_tls(tls.clone());
/// // … and when the files have changed:
/// tls.reload()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TlsServer {
    files: Files,
    config: Arc<RwLock<Arc<ServerConfig>>>,
}

/// The files that a server's configuration comes from.
#[derive(Clone, Debug)]
struct Files {
    usual: IdentityFiles,
    by_name: Vec<(String, IdentityFiles)>,
    client_roots: Option<PathBuf>,
    protocols: Protocols,
}

impl TlsServer {
    /// Takes the certificate chain and the private key to show to clients.
    ///
    /// # Errors
    ///
    /// [`TlsError`] says which file cannot be used, and why.
    pub fn from_pem(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        Self::loaded(Files {
            usual: IdentityFiles::new(chain, key),
            by_name: Vec::new(),
            client_roots: None,
            protocols: Protocols::default(),
        })
    }

    /// Shows another certificate to clients that ask for `name` (SNI, RFC 6066 §3).
    ///
    /// # Errors
    ///
    /// As for [`from_pem`](Self::from_pem).
    pub fn with_identity(
        mut self,
        name: &str,
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        let files = IdentityFiles::new(chain, key);
        self.files.by_name.push((name.to_ascii_lowercase(), files));
        Self::loaded(self.files)
    }

    /// Asks every client for a certificate that one of the authorities in this
    /// PEM file has signed, and serves no other client.
    ///
    /// # Errors
    ///
    /// As for [`from_pem`](Self::from_pem).
    pub fn with_client_roots(mut self, roots: impl AsRef<Path>) -> Result<Self, TlsError> {
        self.files.client_roots = Some(roots.as_ref().to_owned());
        Self::loaded(self.files)
    }

    /// Agrees with clients on one of these protocols (ALPN, RFC 7301), the first
    /// of them that the client knows as well; `http/1.1` at first.
    ///
    /// A client that names only others is refused; one that names none is not.
    /// An empty list agrees on nothing.
    ///
    /// # Errors
    ///
    /// As for [`from_pem`](Self::from_pem).
    pub fn with_protocols(mut self, protocols: &[&str]) -> Result<Self, TlsError> {
        self.files.protocols = Protocols::of(protocols);
        Self::loaded(self.files)
    }

    /// Reads the files anew, for connections that come from now on.
    ///
    /// # Errors
    ///
    /// As for [`from_pem`](Self::from_pem); everything stays as it was then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = self.files.load()?;
        *self.config.write() = Arc::new(config);
        Ok(())
    }

    fn loaded(files: Files) -> Result<Self, TlsError> {
        let config = files.load()?;
        Ok(Self {
            files,
            config: Arc::new(RwLock::new(Arc::new(config))),
        })
    }

    /// Begins the server's side of a connection.
    pub(crate) fn accept(&self, socket: Socket, endings: Endings) -> std::io::Result<Secured> {
        let config = Arc::clone(&self.config.read());
        let session = ServerConnection::new(config).map_err(std::io::Error::other)?;
        Ok(Secured::new(socket, Connection::Server(session), endings))
    }
}

impl Files {
    fn load(&self) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let identities = Identities::load(&self.usual, &self.by_name, &provider)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::about(&self.usual.chain, &error))?;
        let builder = match &self.client_roots {
            None => builder.with_no_client_auth(),
            Some(path) => builder.with_client_cert_verifier(verifier(path, provider)?),
        };
        let mut config = builder.with_cert_resolver(Arc::new(identities));
        config.alpn_protocols = self.protocols.wire();
        if let Ok(ticketer) = ring::Ticketer::new() {
            config.ticketer = ticketer;
        }
        Ok(config)
    }
}

/// Makes what checks client certificates.
fn verifier(
    path: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let roots = Arc::new(roots(path)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
    let verifier = verifier.map_err(|error| TlsError::about(path, &error))?;
    Ok(verifier)
}

/// Names the protocols that may be spoken under TLS (ALPN), the best first.
#[derive(Clone, Debug)]
struct Protocols(Vec<String>);

impl Protocols {
    fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn wire(&self) -> Vec<Vec<u8>> {
        self.0
            .iter()
            .map(|name| name.clone().into_bytes())
            .collect()
    }
}

impl Default for Protocols {
    fn default() -> Self {
        Self::of(&["http/1.1"])
    }
}

/// Reads the authorities of a PEM file; there must be one at least.
fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| TlsError::about(path, &error))?;
    }
    Ok(roots)
}

/// Reads all certificates of a PEM file; there must be one at least.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let about = |error: rustls::pki_types::pem::Error| TlsError::about(path, &error);
    let all = CertificateDer::pem_file_iter(path).map_err(about)?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(about)?;
    if all.is_empty() {
        let why = "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)";
        return Err(TlsError::about(path, &why));
    }
    Ok(all)
}

/// Says which file cannot be used for TLS, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    path: PathBuf,
    why: String,
}

impl TlsError {
    fn about(path: &Path, why: &dyn fmt::Display) -> Self {
        Self {
            path: path.to_owned(),
            why: why.to_string(),
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl Error for TlsError {}
