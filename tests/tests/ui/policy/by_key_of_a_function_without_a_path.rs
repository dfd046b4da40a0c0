use secure_runtime::Principal;

fn shard(caller: &Principal) -> usize {
    caller.subject().len()
}

secure_runtime::policy! {
    sharded = (rate("10/s", by = key(shard(caller)))); //~ ERROR `shard` is looked up in each handler's module
}

fn main() {
    let _ = shard;
}
