//! What tests of a secured service need: a clock that stands still, and tokens of any kind.
