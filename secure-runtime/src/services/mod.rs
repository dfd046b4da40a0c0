//! Services to mount: readiness, and the metadata of the protected resource.

pub(crate) mod readiness;
pub(crate) mod resource_metadata;

pub use readiness::{NotReady, Readiness};
pub use resource_metadata::ResourceMetadata;
