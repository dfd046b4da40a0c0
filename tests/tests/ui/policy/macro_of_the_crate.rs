secure_runtime::policy! {
    hours = (allow = crate::is_open!(request)); //~ ERROR `is_open!` is expanded where each handler stands
}

fn main() {}
