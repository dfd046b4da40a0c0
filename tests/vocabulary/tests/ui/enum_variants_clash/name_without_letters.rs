secure_runtime::vocabulary! {
    pub enum Scope = scopes; //~ ERROR the scope `+` cannot be a variant
}

fn main() {}
