//! `fixture FILE COUNT`: generates the keys and tokens for a run.

use benches::Failure;
use benches::fixture::Fixture;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: fixture FILE COUNT".into());
    };
    Fixture::generate(count.parse()?)?.write(file)
}
