use secure_runtime::secure;

#[secure(roles = "staff")]
mod office { //~ ERROR expects a module with handlers, found none
    pub fn helper() {}
}

fn main() {
    office::helper();
}
