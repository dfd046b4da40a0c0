secure_runtime::policy! {
    hours = (allow = is_open(request)); //~ ERROR `is_open` is looked up in each handler's module
}

fn main() {}
