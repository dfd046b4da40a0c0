pub const ROOT: &str = "root";

secure_runtime::policy! {
    root_only = (allow = matches!(caller.subject(), ROOT)); //~ ERROR `ROOT` is looked up where each handler stands
}

fn main() {}
