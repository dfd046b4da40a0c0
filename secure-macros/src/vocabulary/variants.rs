//! The enum variant of a name: `orders:read` is `OrdersRead`.
//!
//! 1. A name is split at every character that is neither a letter nor a digit; each part begins
//!    with a capital.
//! 2. A part without lower-case letters keeps only its first capital: `SUPER_ADMIN` is
//!    `SuperAdmin`.
//! 3. A variant that would begin with a digit begins with `_`.

use proc_macro2::Ident;

/// The variant; `None` if the name gives no identifier.
pub(crate) fn variant(name: &str) -> Option<String> {
    let mut variant = String::new();
    let parts = name.split(|letter: char| !letter.is_alphanumeric());
    for part in parts.filter(|part| !part.is_empty()) {
        let mut letters = part.chars();
        variant.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        if part.contains(char::is_lowercase) {
            variant.push_str(letters.as_str());
        } else {
            variant.push_str(&letters.as_str().to_lowercase());
        }
    }
    if variant.starts_with(|letter: char| letter.is_numeric()) {
        variant.insert(0, '_');
    }
    syn::parse_str::<Ident>(&variant).is_ok().then_some(variant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_the_name_in_camel_case() {
        let check = |name: &str, expected: &str| assert_eq!(variant(name).unwrap(), expected);
        check("orders:read", "OrdersRead");
        check("read.sbom", "ReadSbom");
        check("sbom:read-all", "SbomReadAll");
        check("readSbom", "ReadSbom");
        check("SUPER_ADMIN", "SuperAdmin");
        check("A", "A");
        check("api:v2", "ApiV2");
        check("V2:API", "V2Api");
        check("2fa", "_2fa");
        check("https://shop.example/orders", "HttpsShopExampleOrders");
        check("ärzte:lesen", "ÄrzteLesen");
    }

    #[test]
    fn a_name_without_letters_or_of_a_keyword_is_none() {
        for name in ["*", "::", "self", "²"] {
            assert_eq!(variant(name), None, "{name}");
        }
    }
}
