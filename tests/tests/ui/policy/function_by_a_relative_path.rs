secure_runtime::policy! {
    hours = (allow = hours::is_open(request)); //~ ERROR `hours` is looked up where each handler stands
}

fn main() {}
