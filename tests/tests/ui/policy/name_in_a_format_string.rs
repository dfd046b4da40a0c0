secure_runtime::policy! {
    named = (allow = format!("{NAME}") == caller.subject()); //~ ERROR `NAME` is looked up in each handler's module
}

fn main() {}
