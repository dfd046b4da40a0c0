use secure_runtime::Security;

fn main() {
    let _ = Security::builder().answer(|_, _| "refused"); //~ ERROR `Answer: From<&str>` is not satisfied
}
