secure_runtime::policy! {
    hours = (allow = matches!(is_open(request), Some(1))); //~ ERROR `is_open` is looked up in each handler's module
}

fn main() {}
