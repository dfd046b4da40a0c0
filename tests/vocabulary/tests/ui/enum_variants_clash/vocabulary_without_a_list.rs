secure_runtime::vocabulary! {
    pub enum Role = roles; //~ ERROR `vocabulary!` expects a `secure.toml` that lists roles, found none
}

fn main() {}
