pub const ALLOWED: [&str; 2] = ["ann", "bob"];

secure_runtime::policy! {
    some = (allow = ALLOWED.contains(&caller.subject())); //~ ERROR `ALLOWED` is looked up in each handler's module
}

fn main() {}
