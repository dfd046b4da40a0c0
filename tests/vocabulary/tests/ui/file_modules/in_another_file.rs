#[secure_runtime::secure(roles = "staff")] //~ ERROR file modules in proc macro input are unstable
#[path = "in_another_file/office.rs"]
mod office;

fn main() {}
