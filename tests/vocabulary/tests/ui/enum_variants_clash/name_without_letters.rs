secure_runtime::vocabulary! {
    pub enum Scope = scopes; //~ ERROR the scope `+` cannot be the name of a variant
}

fn main() {}
