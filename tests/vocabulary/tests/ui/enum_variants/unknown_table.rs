secure_runtime::vocabulary! {
    pub enum Permission = permission; //~ ERROR `vocabulary!` expects `roles`, `scopes` or `permissions`, found `permission`
}

fn main() {}
