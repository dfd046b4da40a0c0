secure_runtime::policy! {
    hours = (allow = is_open(request)); //~ ERROR `is_open` is looked up where each handler stands
}

fn main() {}
