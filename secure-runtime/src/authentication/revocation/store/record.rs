//! The format of a revocation in the Redis stream: pairs of field and value.
//!
//! `kind` is `token`, `session`, `subject`, `issuer` or `everything`; `issuer` and `name` identify it;
//! `until` is the last second, since the Unix epoch, in which what is revoked was issued.

use super::super::list::{Issued, Target};

/// A revocation that outlives the call that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    kind: Kind,
    issuer: String,
    name: String,
    issued: Issued,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Token,
    Session,
    Subject,
    Issuer,
    Everything,
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Token, "token"),
    (Kind::Session, "session"),
    (Kind::Subject, "subject"),
    (Kind::Issuer, "issuer"),
    (Kind::Everything, "everything"),
];

impl Record {
    pub(super) fn new(target: Target<'_>, issued: Issued) -> Self {
        let (kind, issuer, name) = match target {
            Target::Token(issuer, id) => (Kind::Token, issuer, id),
            Target::Session(issuer, id) => (Kind::Session, issuer, id),
            Target::Subject(issuer, subject) => (Kind::Subject, issuer, subject),
            Target::Issuer(issuer) => (Kind::Issuer, issuer, ""),
            Target::Everything => (Kind::Everything, "", ""),
        };
        Self { kind, issuer: issuer.to_owned(), name: name.to_owned(), issued }
    }

    pub(super) fn target(&self) -> Target<'_> {
        match self.kind {
            Kind::Token => Target::Token(&self.issuer, &self.name),
            Kind::Session => Target::Session(&self.issuer, &self.name),
            Kind::Subject => Target::Subject(&self.issuer, &self.name),
            Kind::Issuer => Target::Issuer(&self.issuer),
            Kind::Everything => Target::Everything,
        }
    }

    pub(super) fn issued(&self) -> Issued {
        self.issued
    }

    /// The fields and values of an entry.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let kind = KINDS.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, name)| name);
        let mut fields = vec![("kind", kind.to_owned())];
        if self.kind != Kind::Everything {
            fields.push(("issuer", self.issuer.clone()));
        }
        if !matches!(self.kind, Kind::Issuer | Kind::Everything) {
            fields.push(("name", self.name.clone()));
        }
        if let Issued::Until(second) = self.issued {
            fields.push(("until", second.to_string()));
        }
        fields
    }

    /// Reads an entry that was added in this second; `None` for an entry of an unknown form.
    pub(super) fn read(fields: &[Vec<u8>], added: u64) -> Option<Self> {
        let value = |name: &str| {
            let mut pairs = fields.chunks_exact(2).filter_map(|pair| match pair {
                [field, value] if field == name.as_bytes() => Some(value),
                _ => None,
            });
            // A doubled field is no field.
            let value = pairs.next().filter(|_| pairs.next().is_none())?;
            std::str::from_utf8(value).ok().map(str::to_owned)
        };
        let named = value("kind")?;
        let (kind, _) = *KINDS.iter().find(|(_, name)| *name == named)?;
        let issuer = if kind == Kind::Everything { String::new() } else { value("issuer")? };
        let has_name = !matches!(kind, Kind::Issuer | Kind::Everything);
        let name = if has_name { value("name")? } else { String::new() };
        let issued = match kind {
            Kind::Token | Kind::Session => Issued::Whenever,
            _ => Issued::Until(value("until")?.parse().ok()?),
        };
        (!issued.is_ahead_of(added)).then_some(Self { kind, issuer, name, issued })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(fields: &[(&str, &str)]) -> Vec<Vec<u8>> {
        fields
            .iter()
            .flat_map(|(name, value)| [name.as_bytes().to_vec(), value.as_bytes().to_vec()])
            .collect()
    }

    #[test]
    fn what_is_written_is_read() {
        for (target, issued) in [
            (Target::Token("https://a", "t"), Issued::Whenever),
            (Target::Session("https://a", "s\u{e9}"), Issued::Whenever),
            (Target::Subject("https://a", "alice"), Issued::Until(7)),
            (Target::Issuer("https://a"), Issued::Until(0)),
            (Target::Everything, Issued::Until(300)),
        ] {
            let record = Record::new(target, issued);
            let fields = record.fields();
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let read = Record::read(&bytes(&fields), 7).unwrap();
            assert_eq!((read.target(), read.issued()), (target, issued));
        }
    }

    #[test]
    fn what_is_not_understood_is_not_guessed() {
        let check = |fields: &[(&str, &str)], understood: bool| {
            assert_eq!(Record::read(&bytes(fields), 7).is_some(), understood, "{fields:?}");
        };
        let subject = [("kind", "subject"), ("issuer", "a"), ("name", "b"), ("until", "7")];
        check(&subject, true);
        for missing in 0..4 {
            let mut fields = subject.to_vec();
            fields.remove(missing);
            check(&fields, false);
        }
        for until in ["", "-1", "7.5", "1e3", "99999999999999999999", "308"] {
            check(&[subject[0], subject[1], subject[2], ("until", until)], false);
        }
        check(&[subject[0], subject[1], subject[2], ("until", "307")], true);
        check(&[subject[0], subject[1], subject[2], subject[3], ("more", "1")], true);
        check(&[subject[0], subject[1], subject[2], subject[3], ("name", "c")], false);
        check(&[("kind", "Subject"), subject[1], subject[2], subject[3]], false);
        check(&[("kind", "everything"), ("until", "7")], true);
        check(&[], false);
        assert!(Record::read(&[b"kind".to_vec(), b"\xff".to_vec()], 7).is_none());
        assert!(Record::read(&[b"kind".to_vec()], 7).is_none());
    }
}
