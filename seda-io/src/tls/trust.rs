//! The client's side of TLS: whom to trust, and whom to be.

use std::env;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, RootCertStore};

use super::identity::IdentityFiles;
use super::{Endings, Protocols, Secured, TlsError, certificates, roots};
use crate::net::socket::Socket;

/// Where systems keep the authorities that they trust, all in one PEM file:
/// Debian and Arch, Fedora and RHEL, openSUSE, Alpine.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Names another such file; OpenSSL knows it as well.
const BUNDLE_VARIABLE: &str = "SSL_CERT_FILE";
/// Servers whose last session is remembered, so that the next handshake is shorter.
const SESSIONS_MAX: usize = 256;

/// Says which servers a client trusts, and what it shows to them.
///
/// A server must show a certificate for the name that it was connected by, and
/// an authority that is trusted must have signed it. TLS 1.2 and 1.3 are spoken.
///
/// # Examples
///
/// ```no_run
/// use seda_io::tls::TlsClient;
///
/// // The authorities of the system, as for a browser:
/// let public = TlsClient::system()?;
/// // Those of a company, which want to know who asks:
/// let inner = TlsClient::from_pem("authority.pem")?.with_identity("me.pem", "me.key")?;
/// # Ok::<(), seda_io::tls::TlsError>(())
/// ```
#[derive(Clone)]
pub struct TlsClient {
    roots: Arc<RootCertStore>,
    identity: Option<IdentityFiles>,
    protocols: Protocols,
    config: Arc<ClientConfig>,
}

impl TlsClient {
    /// Trusts the authorities in this PEM file, and no others.
    ///
    /// # Errors
    ///
    /// [`TlsError`] says which file cannot be used, and why.
    pub fn from_pem(authorities: impl AsRef<Path>) -> Result<Self, TlsError> {
        Self::trusting(roots(authorities.as_ref())?)
    }

    /// Trusts the authorities that the system trusts: those of the file that
    /// `SSL_CERT_FILE` names, or else of the one where systems keep them.
    /// Certificates in it that are of no use are passed over.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when there is no such file, or nothing in it can be used.
    pub fn system() -> Result<Self, TlsError> {
        let named = env::var_os(BUNDLE_VARIABLE).map(PathBuf::from);
        let known = || BUNDLES.iter().map(PathBuf::from).find(|path| path.exists());
        let path = named.or_else(known).ok_or_else(|| {
            let why =
                format!("no file of trusted authorities is there; name one by {BUNDLE_VARIABLE}");
            TlsError::about(Path::new(BUNDLES[0]), &why)
        })?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates(&path)?);
        if roots.is_empty() {
            let why = "it holds no certificate that can be used";
            return Err(TlsError::about(&path, &why));
        }
        Self::trusting(roots)
    }

    fn trusting(roots: RootCertStore) -> Result<Self, TlsError> {
        let roots = Arc::new(roots);
        let protocols = Protocols::default();
        let config = configure(&roots, None, &protocols)?;
        Ok(Self {
            roots,
            identity: None,
            protocols,
            config,
        })
    }

    /// Shows this certificate chain to servers that ask for one, and proves by
    /// the private key that it is this client's.
    ///
    /// # Errors
    ///
    /// As for [`from_pem`](Self::from_pem).
    pub fn with_identity(
        mut self,
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        self.identity = Some(IdentityFiles::new(chain, key));
        self.configured()
    }

    /// Offers these protocols, the best first (ALPN, RFC 7301); `http/1.1` at
    /// first. An empty list offers none.
    ///
    /// # Errors
    ///
    /// As for [`from_pem`](Self::from_pem).
    pub fn with_protocols(mut self, protocols: &[&str]) -> Result<Self, TlsError> {
        self.protocols = Protocols::of(protocols);
        self.configured()
    }

    fn configured(mut self) -> Result<Self, TlsError> {
        self.config = configure(&self.roots, self.identity.as_ref(), &self.protocols)?;
        Ok(self)
    }

    /// Begins the client's side of a connection to the server of this name, or
    /// IP address without brackets, which it must prove to be.
    pub(crate) fn connect(
        &self,
        socket: Socket,
        name: &str,
        endings: Endings,
    ) -> io::Result<Secured> {
        let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
        let name = ServerName::try_from(name.to_owned());
        let name = name.map_err(|_| invalid("the name cannot stand in a certificate"))?;
        let session = ClientConnection::new(Arc::clone(&self.config), name);
        let session = Connection::Client(session.map_err(io::Error::other)?);
        Ok(Secured::new(socket, session, endings))
    }
}

fn configure(
    roots: &Arc<RootCertStore>,
    identity: Option<&IdentityFiles>,
    protocols: &Protocols,
) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::about(Path::new(""), &error))?
        .with_root_certificates(Arc::clone(roots));
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(files) => builder.with_client_cert_resolver(files.only(&provider)?),
    };
    config.alpn_protocols = protocols.wire();
    config.resumption = Resumption::in_memory_sessions(SESSIONS_MAX);
    Ok(Arc::new(config))
}

/// Keys are nobody's business.
impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient")
            .field("roots", &self.roots.len())
            .field("identity", &self.identity)
            .field("protocols", &self.protocols.0)
            .finish_non_exhaustive()
    }
}
