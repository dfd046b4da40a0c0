//! Validation of `MultipartForm` of actix-multipart.

use actix_multipart::form::{MultipartCollect, MultipartForm};
#[cfg(feature = "validator")]
use validator::Validate;

#[cfg(feature = "validator")]
use super::Part;
use super::{Validatable, Violations};

#[cfg(feature = "validator")]
#[diagnostic::do_not_recommend]
impl<T: Validate + MultipartCollect> Validatable for MultipartForm<T> {
    fn check_rules(&self, violations: &mut Violations) {
        violations.check_content::<T>(Part::Body, self, None);
    }
}

#[cfg(feature = "garde")]
#[diagnostic::do_not_recommend]
impl<T> Validatable<super::garde_rules::GardeRules> for MultipartForm<T>
where
    T: garde::Validate + MultipartCollect,
    T::Context: Default,
{
    fn check_rules(&self, violations: &mut Violations) {
        violations.check_garde_body::<T>(self);
    }
}
