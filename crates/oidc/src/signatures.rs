//! What proves signatures for the library that reads tokens, which is ring.
//!
//! Nothing is signed here, and nothing is proven by a secret that both sides know: an algorithm of
//! that kind has no verifier.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use signature::Verifier;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Sets the cryptography of the library, without which it panics. Every other way into it goes
/// through here.
pub(crate) fn provide() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Another one of this process would do as well.
        let _other = PROVIDER.install_default();
    });
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let (algorithm, key) = (*algorithm, key.clone());
    match kind_of(algorithm) {
        Some(kind) if key.family() == algorithm.family() => {
            Ok(Box::new(Proof { algorithm, kind, key }))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

/// How ring proves an algorithm's signatures.
#[derive(Clone, Copy)]
enum Kind {
    Rsa(&'static RsaParameters),
    Curve(&'static dyn VerificationAlgorithm),
}

/// Returns how an algorithm's signatures are proven; `None` of those that are not.
fn kind_of(algorithm: Algorithm) -> Option<Kind> {
    Some(match algorithm {
        Algorithm::RS256 => Kind::Rsa(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Kind::Rsa(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Kind::Rsa(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Kind::Rsa(&RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Kind::Rsa(&RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Kind::Rsa(&RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => Kind::Curve(&ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Kind::Curve(&ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Kind::Curve(&ED25519),
        _ => return None,
    })
}

struct Proof {
    algorithm: Algorithm,
    kind: Kind,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for Proof {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let proven = match (self.kind, self.key.kind()) {
            (Kind::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Kind::Curve(algorithm), DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(algorithm, point).verify(message, signature)
            }
            (Kind::Rsa(_) | Kind::Curve(_), _) => return Err(signature::Error::new()),
        };
        proven.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Proof {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
