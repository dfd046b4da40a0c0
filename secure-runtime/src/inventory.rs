//! Every secured endpoint of the program, collected at link time.

use crate::policy::Endpoint;

/// Where every expansion of `#[secure(...)]` registers its endpoint.
#[doc(hidden)]
#[linkme::distributed_slice]
pub static ENDPOINTS: [Endpoint];
