pub const ROOT: &str = "root";

secure_runtime::policy! {
    root_only = (allow = matches!(caller.subject(), ROOT)); //~ ERROR `ROOT` is looked up in each handler's module
}

fn main() {}
