//! Names in the JSON text of a policy, as `secure-macros/src/policy_members.rs` lists them.

secure_macros::__policy_members!();
