//! x
/// x
pub struct SecurityBuilder;
impl SecurityBuilder {
    /// x
    pub fn authenticator(&self) {}
}
