secure_runtime::policy! {
    members = (check = members::is_member); //~ ERROR `members` is looked up where each handler stands
}

fn main() {}
