//! The callers: names, tokens and addresses of good and hostile clients.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use secure_runtime::testing::Issuer;

/// The password of all users.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The address of good clients that some hostile ones share.
pub(crate) const SHARED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The address that only good clients use.
pub(crate) const ALONE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Signs the tokens that the service accepts.
pub(crate) fn issuer() -> Issuer {
    Issuer::es256()
}

/// The owner of an item: one of two good callers.
pub(crate) fn owner_of(id: u32) -> &'static str {
    if id.is_multiple_of(2) { "ada" } else { "linus" }
}

/// One of fifty addresses, in turn.
pub(crate) fn hostile_address(turn: u64) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(turn % 50 + 1).unwrap_or(1))
}

/// The tokens of all callers, signed once.
pub(crate) struct Tokens {
    issuer: Issuer,
    signed: RefCell<HashMap<String, String>>,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self { issuer: issuer(), signed: RefCell::default() }
    }

    pub(crate) fn of(&self, name: &str) -> String {
        if let Some(token) = self.signed.borrow().get(name) {
            return token.clone();
        }
        let token = self.issuer.token(name).expires_in(Duration::from_secs(24 * 3600)).sign();
        self.signed.borrow_mut().insert(name.to_owned(), token.clone());
        token
    }

    /// An invalid token, a different one each time.
    pub(crate) fn bad(&self, turn: u64) -> String {
        let token = self.issuer.token(format!("forger-{turn}"));
        match turn % 6 {
            0 => token.expires_in(Duration::ZERO).claim("exp", 1).sign(),
            1 => token.claim("aud", "somebody else").sign(),
            2 => token.unsigned(),
            3 => format!("{}AAAA", token.sign()),
            4 => Issuer::eddsa().token("ada").sign(),
            _ => format!("{turn}.not.a-token"),
        }
    }
}
