secure_runtime::policy! {
    members = (check = members::is_member); //~ ERROR `members` is looked up in each handler's module
}

fn main() {}
