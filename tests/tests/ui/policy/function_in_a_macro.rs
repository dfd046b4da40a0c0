secure_runtime::policy! {
    hours = (allow = matches!(is_open(request), Some(1))); //~ ERROR `is_open` is looked up where each handler stands
}

fn main() {}
