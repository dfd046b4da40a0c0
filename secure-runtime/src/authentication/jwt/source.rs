//! Sources of published keys: an issuer's metadata, an address, a file.

#[cfg(feature = "discovery")]
use std::cell::OnceCell;
use std::cell::RefCell;
use std::path::PathBuf;
#[cfg(feature = "discovery")]
use std::sync::Arc;

use super::key_set::{AcceptedKeys, KeySet, LeftOut};
use super::keys::Keys;
use crate::authentication::{ConfigurationError, Faults, local_file};
#[cfg(feature = "discovery")]
use crate::authentication::{
    fetching::{Fetching, Transport},
    http::{Address, Client, KEY_SET, Url},
    metadata::Metadata,
};

/// The settings.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    File(PathBuf),
    #[cfg(feature = "discovery")]
    Address(Address),
    /// The metadata of the issuer, which names the address (OpenID Connect Discovery 1.0 section 4).
    #[cfg(feature = "discovery")]
    Metadata(Address),
    /// Metadata at an address of their own, which must be about the configured issuer.
    #[cfg(feature = "discovery")]
    MetadataAt(Address),
}

/// How documents are fetched, where this program can fetch them.
#[cfg(feature = "discovery")]
pub(crate) type How = Fetching;
#[cfg(not(feature = "discovery"))]
pub(crate) type How = ();

/// A source that can be read again and again.
pub(crate) struct Reader {
    from: From,
    accepted: AcceptedKeys,
    /// The keys that the last set was read without.
    left_out: RefCell<Vec<LeftOut>>,
    #[cfg(feature = "discovery")]
    transport: Arc<Transport>,
    /// Made on the thread that reads, and dropped there: its runtime must not end within another.
    #[cfg(feature = "discovery")]
    client: OnceCell<Client>,
}

enum From {
    File(PathBuf),
    #[cfg(feature = "discovery")]
    Address(Url),
    #[cfg(feature = "discovery")]
    Metadata(Metadata),
}

impl Reader {
    /// Checks the source; adds what is wrong with it.
    #[cfg_attr(
        not(feature = "discovery"),
        expect(unused_variables, reason = "only files are read")
    )]
    pub(crate) fn new(
        source: Source,
        issuer: &str,
        how: &How,
        accepted: AcceptedKeys,
        faults: &mut Faults,
    ) -> Option<Self> {
        #[cfg(feature = "discovery")]
        let transport = how.check(faults);
        #[cfg(feature = "discovery")]
        let hosts = &transport.http_hosts;
        let from = match source {
            Source::File(path) => Ok(From::File(path)),
            #[cfg(feature = "discovery")]
            Source::Address(address) => Url::checked(&address.0, hosts).map(From::Address),
            #[cfg(feature = "discovery")]
            Source::Metadata(Address(issuer)) => Metadata::of(issuer, hosts).map(From::Metadata),
            #[cfg(feature = "discovery")]
            Source::MetadataAt(Address(address)) => {
                Metadata::at(&address, issuer.to_owned(), hosts).map(From::Metadata)
            }
        };
        Some(Self {
            from: from
                .map_err(|fault: String| faults.push(ConfigurationError::invalid(fault)))
                .ok()?,
            accepted,
            left_out: RefCell::default(),
            #[cfg(feature = "discovery")]
            transport,
            #[cfg(feature = "discovery")]
            client: OnceCell::new(),
        })
    }

    /// Reads the keys once; the error is for the log.
    pub(crate) fn read(&self) -> Result<Keys, String> {
        let text = match &self.from {
            From::File(path) => local_file::read(path, MOST_BYTES)
                .map_err(|fault| format!("`{}` {fault}", path.display()))?,
            #[cfg(feature = "discovery")]
            From::Address(address) => self.client()?.run(async |http| {
                http.get(address, KEY_SET).await.map_err(|error| error.to_string())
            })?,
            #[cfg(feature = "discovery")]
            From::Metadata(metadata) => self.client()?.run(async |http| {
                let address = metadata.find("jwks_uri", http).await?;
                http.get(&address, KEY_SET).await.map_err(|error| error.to_string())
            })?,
        };
        let set = KeySet::read(&text, &self.accepted)?;
        self.tell_left_out(set.left_out);
        Ok(Keys::published(set.keys))
    }

    /// Keys that the provider may have meant to be used are logged at `warn`, and each list of them
    /// once.
    fn tell_left_out(&self, left_out: Vec<LeftOut>) {
        if *self.left_out.borrow() == left_out {
            return;
        }
        let reasons = |is_for_encryption: bool| {
            let of_this_kind = |it: &&LeftOut| it.is_for_encryption == is_for_encryption;
            let reasons = left_out.iter().filter(of_this_kind).map(|it| it.reason.as_str());
            reasons.collect::<Vec<_>>().join("; ")
        };
        let (expected, unexpected) = (reasons(true), reasons(false));
        if !unexpected.is_empty() {
            tracing::warn!("keys of {self} were left out: {unexpected}");
        }
        if !expected.is_empty() {
            tracing::debug!("keys of {self} for encryption were left out: {expected}");
        }
        self.left_out.replace(left_out);
    }

    #[cfg(feature = "discovery")]
    fn client(&self) -> Result<&Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::new(Arc::clone(&self.transport))?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl std::fmt::Display for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.from {
            From::File(path) => write!(formatter, "{}", path.display()),
            #[cfg(feature = "discovery")]
            From::Address(address) => write!(formatter, "{address}"),
            #[cfg(feature = "discovery")]
            From::Metadata(metadata) => formatter.write_str(metadata.issuer()),
        }
    }
}

/// As long as a fetched one may be.
const MOST_BYTES: u64 = 512 * 1024;
