//! The keys of a provider, and what is signed with them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RsaEncoding,
};
use serde_json::{Map, Value, json};

/// A key that opens nothing anywhere; making one takes longer than the tests do.
const RSA: &[u8] = include_bytes!("rsa.pkcs8.der");

/// How a token is signed.
#[derive(Clone, Debug)]
pub struct Signing {
    /// What its head says that it is signed with.
    pub algorithm: &'static str,
    /// The key that signs, by its kind; what the head names is this one's id.
    pub by: &'static str,
    /// The id that the head names instead.
    pub named: Option<String>,
}

impl Default for Signing {
    fn default() -> Self {
        Self::by("ES256")
    }
}

impl Signing {
    /// Signs as one should with an algorithm.
    #[must_use]
    pub const fn by(algorithm: &'static str) -> Self {
        Self { algorithm, by: algorithm, named: None }
    }
}

pub(super) struct Keys {
    generation: u32,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    rsa: RsaKeyPair,
}

fn curve(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key is made");
    EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).expect("the key is one")
}

pub(super) fn random_text() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("the machine has something random");
    coded(&bytes)
}

fn coded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the kind of key that an algorithm signs with.
fn kind(algorithm: &str) -> &str {
    if matches!(algorithm, "ES256" | "ES384" | "EdDSA") { algorithm } else { "RSA" }
}

impl Keys {
    pub(super) fn new() -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key is made");
        Self {
            generation: 1,
            p256: curve(&ECDSA_P256_SHA256_FIXED_SIGNING),
            p384: curve(&ECDSA_P384_SHA384_FIXED_SIGNING),
            ed: Ed25519KeyPair::from_pkcs8(made.as_ref()).expect("the key is one"),
            rsa: RsaKeyPair::from_pkcs8(RSA).expect("the key is one"),
        }
    }

    pub(super) fn rotate(&mut self) {
        *self = Self { generation: self.generation + 1, ..Self::new() };
    }

    fn id(&self, kind: &str) -> String {
        format!("{kind}-{}", self.generation)
    }

    /// Returns what the provider says of its keys.
    pub(super) fn public(&self) -> Value {
        let point = |name: &str, kind: &str, public: &[u8]| {
            let (x, y) = public[1..].split_at(public.len() / 2);
            json!({"kty": "EC", "crv": name, "kid": self.id(kind), "use": "sig",
                   "x": coded(x), "y": coded(y)})
        };
        let rsa: PublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        json!({"keys": [
            point("P-256", "ES256", self.p256.public_key().as_ref()),
            point("P-384", "ES384", self.p384.public_key().as_ref()),
            {"kty": "OKP", "crv": "Ed25519", "kid": self.id("EdDSA"), "alg": "EdDSA",
             "x": coded(self.ed.public_key().as_ref())},
            {"kty": "RSA", "kid": self.id("RSA"), "use": "sig",
             "n": coded(&rsa.n), "e": coded(&rsa.e)},
            {"kty": "of the future", "kid": "later"},
        ]})
    }

    pub(super) fn sign(&self, signing: &Signing, claims: &Map<String, Value>) -> String {
        let named = signing.named.clone().unwrap_or_else(|| self.id(kind(signing.by)));
        let head = json!({"alg": signing.algorithm, "typ": "JWT", "kid": named});
        let claims = Value::Object(claims.clone());
        let message = [head, claims].map(|part| coded(part.to_string().as_bytes())).join(".");
        let signature = self.signature(signing.by, message.as_bytes());
        format!("{message}.{}", coded(&signature))
    }

    fn signature(&self, by: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let rsa = |encoding: &'static dyn RsaEncoding| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(encoding, &random, message, &mut signature).expect("it signs");
            signature
        };
        let curve =
            |key: &EcdsaKeyPair| key.sign(&random, message).expect("it signs").as_ref().to_vec();
        match by {
            "ES256" => curve(&self.p256),
            "ES384" => curve(&self.p384),
            "EdDSA" => self.ed.sign(message).as_ref().to_vec(),
            "RS256" => rsa(&RSA_PKCS1_SHA256),
            "RS512" => rsa(&RSA_PKCS1_SHA512),
            "PS256" => rsa(&RSA_PSS_SHA256),
            // With what everybody knows, as whoever confuses algorithms does.
            "HS256" => {
                let public = self.public()["keys"][3]["n"].to_string();
                let key = hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes());
                hmac::sign(&key, message).as_ref().to_vec()
            }
            _ => Vec::new(),
        }
    }
}
