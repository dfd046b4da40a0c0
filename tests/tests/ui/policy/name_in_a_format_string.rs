secure_runtime::policy! {
    named = (allow = format!("{NAME}") == caller.subject()); //~ ERROR `NAME` is looked up where each handler stands
}

fn main() {}
