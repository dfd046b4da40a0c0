//! Tests of the cache of enriched principals.
