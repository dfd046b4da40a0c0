secure_runtime::policy! {
    hours = (allow = crate::is_open!(request)); //~ ERROR `is_open!` is expanded in each handler's module
}

fn main() {}
