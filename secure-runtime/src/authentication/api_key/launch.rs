//! Startup check of [`ApiKeys`]: reports every mistake at once.

use std::sync::Arc;
use std::time::Duration;

use super::place::{Field, Places};
use super::verify::ApiKeyAuthenticator;
use super::{ApiKeys, Place};
use crate::authentication::{
    Authenticator, ConfigurationError, ConfigurationErrors, Faults, IntoAuthenticator,
};
use crate::request::FieldName;

impl IntoAuthenticator for ApiKeys {
    fn into_authenticator(self) -> Result<Arc<dyn Authenticator>, ConfigurationErrors> {
        let mut faults = Vec::new();
        let field = check_place(&self.place, &mut faults);
        if let Some(name) = &self.query {
            check_parameter(name, &mut faults);
        }
        if self.patience.is_zero() || self.patience > LONGEST_PATIENCE {
            faults.push(ConfigurationError::invalid(format!(
                "the store of API keys has {:?} to answer, expected more than none, and at most a \
                 minute",
                self.patience
            )));
        }
        faults.extend(self.store.check().err().into_iter().flatten());
        if let Some(errors) = ConfigurationErrors::collected(faults) {
            return Err(errors);
        }
        let Some(field) = field else {
            return Err(ConfigurationErrors::new("no place of the key"));
        };
        if let Some(name) = &self.query {
            tracing::warn!(
                "API keys are taken from the parameter `{name}` of the query: they end up in the logs \
                 and histories of everybody on the way (RFC 9700 section 4.3.2)"
            );
        }
        let places = Places { field, query: self.query.map(Into::into) };
        Ok(Arc::new(ApiKeyAuthenticator {
            challenge: places.challenge(&self.realm),
            places,
            store: self.store,
            patience: self.patience,
        }))
    }
}

fn check_place(place: &Place, faults: &mut Faults) -> Option<Field> {
    match place {
        Place::Header(name) => {
            let field = FieldName::parse(name);
            if field.is_none() {
                faults.push(ConfigurationError::invalid(format!(
                    "the header `{name}` has not the name of a header"
                )));
            }
            if ["authorization", "proxy-authorization"]
                .iter()
                .any(|it| name.eq_ignore_ascii_case(it))
            {
                faults.push(ConfigurationError::invalid(format!(
                    "the header `{name}` begins with a scheme: say which with `.authorization(…)`"
                )));
            }
            if ["cookie", "referer"].iter().any(|it| name.eq_ignore_ascii_case(it)) {
                faults.push(ConfigurationError::hazard(format!(
                    "the header `{name}` is sent by browsers on their own"
                )));
            }
            field.map(Field::Own)
        }
        Place::Authorization(scheme) if is_scheme(scheme) => Some(Field::Authorization(scheme)),
        Place::Authorization(scheme) => {
            faults.push(ConfigurationError::invalid(format!(
                "`{scheme}` is not the name of a scheme (RFC 9110 section 11.1)"
            )));
            None
        }
    }
}

fn check_parameter(name: &str, faults: &mut Faults) {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if name.is_empty() || !name.bytes().all(is_plain) {
        faults.push(ConfigurationError::invalid(format!(
            "the parameter `{name}` of the query has other characters than letters, digits, `-`, \
             `.` and `_`"
        )));
    }
}

/// Letters, digits and `-`: what every registered scheme is made of.
fn is_scheme(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

const LONGEST_PATIENCE: Duration = Duration::from_secs(60);
