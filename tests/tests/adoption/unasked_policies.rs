//! A configured decision (`decide`) that no endpoint uses is a startup error, because it protects nothing.

use secure_runtime::authorization::AccessRequest;
use secure_runtime::{Security, SecurityBuilder, secure};

#[secure(public)]
#[actix_web::get("/undecided")]
async fn open() -> &'static str {
    "served"
}

fn faults(builder: SecurityBuilder) -> Vec<String> {
    let error = builder.build().err();
    error.iter().flat_map(|error| error.faults()).map(ToString::to_string).collect()
}

#[test]
fn a_policy_that_is_never_asked_keeps_the_program_from_starting() {
    let builder = || Security::builder().answers_for(module_path!());
    let deciding = || builder().decide(async |_: &AccessRequest| true);
    assert_eq!(faults(builder()), [""; 0]);
    let expected = "`decide` is asked about no endpoint: add the key `action` to some, or \
                    `.decide_all()`";
    assert_eq!(faults(deciding()), [expected]);
    let expected = "`decide` is asked about no endpoint: every endpoint is `public`";
    assert_eq!(faults(deciding().decide_all()), [expected]);
}
