//! Where published keys come from: an issuer's metadata, an address, a file.

#[cfg(feature = "discovery")]
use std::cell::OnceCell;
use std::cell::RefCell;
use std::path::PathBuf;

use super::key_set::{AcceptedKeys, KeySet, LeftOut};
use super::keys::Keys;
use crate::authentication::local_file;
#[cfg(feature = "discovery")]
use crate::authentication::{
    http::{Address, Client, Url},
    metadata,
};

/// What the description says.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    File(PathBuf),
    #[cfg(feature = "discovery")]
    Address(Address),
    /// The metadata of the issuer, which names the address (OpenID Connect Discovery 1.0 section 4).
    #[cfg(feature = "discovery")]
    Metadata(Address),
}

/// A source that can be read again and again.
pub(crate) struct Reader {
    from: From,
    accepted: AcceptedKeys,
    /// The keys that the last set was read without.
    left_out: RefCell<Vec<LeftOut>>,
    /// Made on the thread that reads, and dropped there: its runtime must not end within another.
    #[cfg(feature = "discovery")]
    client: OnceCell<Client>,
}

enum From {
    File(PathBuf),
    #[cfg(feature = "discovery")]
    Address(Url),
    #[cfg(feature = "discovery")]
    Metadata(String, Url),
}

impl Reader {
    /// Checks the source; the error is what is wrong with it.
    pub(crate) fn new(source: Source, accepted: AcceptedKeys) -> Result<Self, String> {
        let from = match source {
            Source::File(path) => From::File(path),
            #[cfg(feature = "discovery")]
            Source::Address(address) => From::Address(Url::checked(&address.0)?),
            #[cfg(feature = "discovery")]
            Source::Metadata(Address(issuer)) => {
                let address = metadata::address_of(&issuer)?;
                From::Metadata(issuer, address)
            }
        };
        Ok(Self {
            from,
            accepted,
            left_out: RefCell::default(),
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
            From::Address(address) => self.get(address)?,
            #[cfg(feature = "discovery")]
            From::Metadata(issuer, address) => {
                let metadata = self.get(address)?;
                self.get(&metadata::address_in(&metadata, "jwks_uri", issuer, address)?)?
            }
        };
        let set = KeySet::read(&text, &self.accepted)?;
        self.tell_left_out(set.left_out);
        Ok(Keys::published(set.keys))
    }

    /// Keys that the provider may have meant to be used are told at `warn`, and each list of them
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
    fn get(&self, address: &Url) -> Result<String, String> {
        if let Some(client) = self.client.get() {
            return client.get(address);
        }
        let client = Client::new()?;
        self.client.get_or_init(|| client).get(address)
    }
}

impl std::fmt::Display for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.from {
            From::File(path) => write!(formatter, "{}", path.display()),
            #[cfg(feature = "discovery")]
            From::Address(address) => write!(formatter, "{address}"),
            #[cfg(feature = "discovery")]
            From::Metadata(issuer, _) => formatter.write_str(issuer),
        }
    }
}

/// As long as a fetched one may be.
const MOST_BYTES: u64 = 512 * 1024;
