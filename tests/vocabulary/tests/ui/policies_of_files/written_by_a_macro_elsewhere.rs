#[macro_use]
#[path = "elsewhere/writer.rs"]
mod writer;

write!();

fn main() {}
