secure_runtime::policy! {
    hours = (allow = hours::is_open(request)); //~ ERROR `hours` is looked up in each handler's module
}

fn main() {}
