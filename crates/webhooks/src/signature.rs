//! Signatures, as Standard Webhooks has them (version 1): HMAC-SHA256 over id, time and body.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a written secret begins with.
pub const SECRET_PREFIX: &str = "whsec_";

/// Returns a secret as receivers are given it.
#[must_use]
pub fn written(secret: &[u8]) -> String {
    format!("{SECRET_PREFIX}{}", BASE64_STANDARD.encode(secret))
}

/// Returns the signature of a message by one secret.
///
/// # Panics
///
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn sign(secret: &[u8], id: &str, seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that the libraries of Standard Webhooks are tested with.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let bytes = BASE64_STANDARD.decode(&secret[SECRET_PREFIX.len()..]).unwrap();
        assert_eq!(written(&bytes), secret);
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let body = br#"{"test": 2432232314}"#;
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(&bytes, id, 1_614_265_330, body), signature);
        for other in [
            sign(&bytes, id, 1_614_265_331, body),
            sign(&bytes, "msg_p", 1_614_265_330, body),
            sign(&bytes, id, 1_614_265_330, b"{}"),
            sign(&bytes[1..], id, 1_614_265_330, body),
        ] {
            assert_ne!(other, signature);
        }
    }
}
