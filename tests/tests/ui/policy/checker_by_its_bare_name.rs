secure_runtime::policy! {
    members = (check = self::is_member); //~ ERROR `self` is looked up in each handler's module
}

fn main() {}
