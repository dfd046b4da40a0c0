//! Access requests for tests of an application's own policy.

use std::borrow::Cow;

use actix_web::test::TestRequest;

use crate::authorization::AccessRequest;
use crate::principal::Principal;
use crate::request::KeptHead;

/// What a function for [`SecurityBuilder::decide`](crate::SecurityBuilder::decide) would be asked about a
/// `GET` with these segments of the path, for tests of that function alone.
///
/// ```
/// use secure_runtime::authorization::AccessRequest;
/// use secure_runtime::{Principal, testing};
///
/// fn is_owner(asked: &AccessRequest) -> bool {
///     asked.caller().is_some_and(|caller| asked.parameter("owner") == Some(caller.subject()))
/// }
///
/// let ada = || Some(Principal::builder("ada").build());
/// assert!(is_owner(&testing::access_request(ada(), "notes:read", &[("owner", "ada")])));
/// assert!(!is_owner(&testing::access_request(ada(), "notes:read", &[("owner", "bob")])));
/// assert!(!is_owner(&testing::access_request(None, "notes:read", &[("owner", "ada")])));
/// ```
pub fn access_request(
    caller: Option<Principal>,
    action: &str,
    parameters: &[(&str, &str)],
) -> AccessRequest {
    let mut request = TestRequest::default();
    for (name, value) in parameters {
        request = request.param(String::from(*name), Cow::from(String::from(*value)));
    }
    let owned = |(name, value): &(&str, &str)| (String::from(*name), String::from(*value));
    let parameters = parameters.iter().map(owned).collect();
    let head = KeptHead::new(&request.to_http_request());
    AccessRequest::new(caller, action.into(), parameters, head)
}
