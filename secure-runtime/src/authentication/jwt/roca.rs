//! RSA keys that a faulty library of Infineon's chips has made (CVE-2017-15361, "ROCA"): with
//! the public half anybody can compute the private one.
//!
//! The primes of such a key are `k·M + (65537ᵃ mod M)`, with `M` a product of small primes (Nemec and
//! others, "The Return of Coppersmith's Attack", 2017). So the modulus, as the product of two of them,
//! is a power of 65537 modulo each of these small primes. A modulus that was drawn at random is one
//! with a probability of 2⁻²⁸.

/// Whether this modulus, big-endian, was made by the faulty library.
pub(crate) fn has_roca_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| is_power_of_generator(remainder(modulus, prime), prime))
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, &byte| ((rest << 8) | u32::from(byte)) % prime)
}

fn is_power_of_generator(number: u32, prime: u32) -> bool {
    let powers = std::iter::successors(Some(1), |power| Some(power * (GENERATOR % prime) % prime));
    // After `prime - 1` powers they repeat themselves.
    powers.take(prime as usize).any(|power| power == number)
}

const GENERATOR: u32 = 65537;

/// The prime factors of every `M`, without those of which each remainder is a power of 65537.
const PRIMES: [u32; 17] =
    [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

#[cfg(test)]
mod tests {
    use super::*;

    /// What stays below two to the power of 128 has all remainders of a modulus, too.
    fn check(number: u128, expected: bool) {
        assert_eq!(has_roca_fingerprint(&number.to_be_bytes()), expected, "{number}");
    }

    #[test]
    fn powers_of_the_generator_have_the_fingerprint_and_their_neighbours_do_not() {
        let product: u128 = PRIMES.iter().map(|&prime| u128::from(prime)).product();
        let mut power = 1;
        for _ in 0..200 {
            check(power, true);
            check(power + product, true);
            check(power + 2, false);
            power = power * u128::from(GENERATOR) % product;
        }
    }

    #[test]
    fn a_multiple_of_a_small_prime_does_not_have_it() {
        check(0, false);
        for prime in PRIMES {
            check(u128::from(prime) * u128::from(GENERATOR), false);
        }
    }
}
