secure_runtime::policy! {
    members = (check = self::is_member); //~ ERROR `self` is looked up where each handler stands
}

fn main() {}
