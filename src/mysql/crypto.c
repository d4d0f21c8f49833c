/*
 * Signing by a password. Ed25519 hashes the private key to 64 bytes: a scalar a, and a prefix from which
 * the signature's nonce r is made. MariaDB hashes a password of any length instead, and OpenSSL takes no
 * other private key than one of 32 bytes. But nothing that verifies a signature (R, S) asks where r is from:
 *
 *   S B = R + h A,  h = SHA512(R, A, message),  R = r B,  A = a B,  S = r + h a  mod L
 *
 * So r and R are those of a random key pair that OpenSSL makes, and a new one for each signature, without
 * which two signatures would give a away. A has the y that follows from the u of the same scalar's X25519
 * key, y = (u - 1) / (u + 1) mod p (RFC 7748, section 4.1), and one of two signs: the one with which
 * OpenSSL finds the signature right. What is computed here is arithmetic of large numbers alone.
 */
#include "mysql/crypto.h"

#include "base/check.h"
#include "base/rand.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

/* ---- digests ---- */

static void
digest(const EVP_MD *md, struct slice in, uint8_t *out)
{
	check(EVP_Digest(in.ptr, in.len, out, NULL, md, NULL) == 1);
}

void
crypto_sha1(struct slice in, uint8_t out[SHA1_LEN])
{
	digest(EVP_sha1(), in, out);
}

void
crypto_sha256(struct slice in, uint8_t out[SHA256_LEN])
{
	digest(EVP_sha256(), in, out);
}

bool
crypto_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
crypto_pbkdf2(struct slice password, struct slice salt, int iterations, uint8_t *out, size_t out_len)
{
	check(PKCS5_PBKDF2_HMAC((const char *)password.ptr, (int)password.len, salt.ptr,
		  (int)salt.len, iterations, EVP_sha512(), (int)out_len, out) == 1);
}

/* ---- RSA ---- */

/* A key that is itself encrypted would have OpenSSL ask for a password on the terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	return -1;
}

static EVP_PKEY *
read_public_key(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	EVP_PKEY *key;

	check(bio != NULL);
	key = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (key != NULL && !EVP_PKEY_is_a(key, "RSA")) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static int
encrypt(EVP_PKEY *key, struct slice text, struct buf *out)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	size_t len = (size_t)EVP_PKEY_get_size(key);
	int ok;

	check(c != NULL);
	ok = EVP_PKEY_encrypt_init(c) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_encrypt(c, (unsigned char *)buf_grow(out, len), &len, text.ptr, text.len) == 1;
	EVP_PKEY_CTX_free(c);
	ERR_clear_error();
	return ok ? 0 : -1;
}

int
crypto_rsa_encrypt(struct slice pem, struct slice text, struct buf *out, struct err *err)
{
	enum { OAEP_LEN = 2 * SHA1_LEN + 2 }; /* RFC 8017, 7.1.1 */
	EVP_PKEY *key = read_public_key(pem);
	int rc = 0;

	if (key == NULL)
		return err_set(err, ERR_CORRUPT, "the server's public key is no RSA key in PEM");
	if (text.len + OAEP_LEN > (size_t)EVP_PKEY_get_size(key))
		rc = err_set(err, ERR_REFUSED,
		    "the password is too long to be encrypted with the server's key of %d bits",
		    EVP_PKEY_get_bits(key));
	else if (encrypt(key, text, out) != 0)
		rc = err_set(err, ERR_CORRUPT, "the server's public key cannot be used");
	EVP_PKEY_free(key);
	return rc;
}

/* ---- Ed25519 ---- */

/* The order of the base point, and the field's prime, of RFC 8032. */
static const char order_hex[] = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
		  prime_hex[] = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";

static BIGNUM *
number(const char *hex)
{
	BIGNUM *n = NULL;

	check(BN_hex2bn(&n, hex) > 0);
	return n;
}

static BIGNUM *
secret_number(const uint8_t *bytes, size_t len)
{
	BIGNUM *n = BN_lebin2bn(bytes, (int)len, NULL);

	check(n != NULL);
	BN_set_flags(n, BN_FLG_CONSTTIME);
	return n;
}

/* The scalar that RFC 8032 makes of a private key. */
static void
scalar_of(struct slice key, uint8_t out[ED25519_KEY_LEN])
{
	uint8_t hash[SHA512_LEN];

	digest(EVP_sha512(), key, hash);
	memcpy(out, hash, ED25519_KEY_LEN);
	OPENSSL_cleanse(hash, sizeof(hash));
	out[0] &= 0xf8;
	out[ED25519_KEY_LEN - 1] = (uint8_t)((out[ED25519_KEY_LEN - 1] & 0x7f) | 0x40);
}

static void
public_key(int type, const uint8_t key[ED25519_KEY_LEN], uint8_t out[ED25519_KEY_LEN])
{
	EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(type, NULL, key, ED25519_KEY_LEN);
	size_t len = ED25519_KEY_LEN;

	check(pair != NULL && EVP_PKEY_get_raw_public_key(pair, out, &len) == 1);
	check(len == ED25519_KEY_LEN);
	EVP_PKEY_free(pair);
}

/* scalar times the base point, but for the sign. */
static void
public_y(const uint8_t scalar[ED25519_KEY_LEN], uint8_t out[ED25519_KEY_LEN])
{
	BN_CTX *bn = BN_CTX_new();
	BIGNUM *p = number(prime_hex), *u, *above = BN_new(), *below = BN_new();

	check(bn != NULL && above != NULL && below != NULL);
	public_key(EVP_PKEY_X25519, scalar, out);
	u = BN_lebin2bn(out, ED25519_KEY_LEN, NULL);
	check(u != NULL);
	check(BN_mod_sub(above, u, BN_value_one(), p, bn) == 1 &&
	    BN_mod_add(below, u, BN_value_one(), p, bn) == 1);
	check(BN_mod_inverse(below, below, p, bn) != NULL &&
	    BN_mod_mul(above, above, below, p, bn) == 1);
	check(BN_bn2lebinpad(above, out, ED25519_KEY_LEN) == ED25519_KEY_LEN);
	BN_free(above);
	BN_free(below);
	BN_free(u);
	BN_free(p);
	BN_CTX_free(bn);
}

static void
challenge(const uint8_t *point, const uint8_t *key, struct slice message, uint8_t *out)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	buf_add(&b, point, ED25519_KEY_LEN);
	buf_add(&b, key, ED25519_KEY_LEN);
	buf_add_slice(&b, message);
	digest(EVP_sha512(), buf_slice(&b), out);
}

/* r + h a mod L */
static void
answer(const uint8_t *nonce, const uint8_t *hash, const uint8_t *scalar, uint8_t *out)
{
	BN_CTX *bn = BN_CTX_new();
	BIGNUM *order = number(order_hex), *r, *h, *a;

	check(bn != NULL);
	r = secret_number(nonce, ED25519_KEY_LEN);
	h = secret_number(hash, SHA512_LEN);
	a = secret_number(scalar, ED25519_KEY_LEN);
	check(BN_mod_mul(h, h, a, order, bn) == 1 && BN_mod_add(r, r, h, order, bn) == 1);
	check(BN_bn2lebinpad(r, out, ED25519_KEY_LEN) == ED25519_KEY_LEN);
	BN_clear_free(r);
	BN_clear_free(h);
	BN_clear_free(a);
	BN_free(order);
	BN_CTX_free(bn);
}

static bool
verifies(const uint8_t *key, struct slice message, const uint8_t *signature)
{
	EVP_PKEY *pair = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY_LEN);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool right;

	check(c != NULL);
	right = pair != NULL && EVP_DigestVerifyInit(c, NULL, NULL, NULL, pair) == 1 &&
	    EVP_DigestVerify(c, signature, ED25519_SIGNATURE_LEN, message.ptr, message.len) == 1;
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(pair);
	ERR_clear_error();
	return right;
}

void
crypto_ed25519_sign_by_password(
    struct slice password, struct slice message, uint8_t out[ED25519_SIGNATURE_LEN])
{
	uint8_t scalar[ED25519_KEY_LEN], once[ED25519_KEY_LEN], nonce[ED25519_KEY_LEN];
	uint8_t key[ED25519_KEY_LEN], hash[SHA512_LEN];
	bool right = false;

	scalar_of(password, scalar);
	rand_secret(once, sizeof(once));
	scalar_of(slice_of(once, sizeof(once)), nonce);
	public_key(EVP_PKEY_ED25519, once, out);
	public_y(scalar, key);
	for (int sign = 0; sign < 2 && !right; sign++) {
		key[ED25519_KEY_LEN - 1] ^= (uint8_t)(sign << 7);
		challenge(out, key, message, hash);
		answer(nonce, hash, scalar, out + ED25519_KEY_LEN);
		right = verifies(key, message, out);
	}
	check(right);
	OPENSSL_cleanse(scalar, sizeof(scalar));
	OPENSSL_cleanse(once, sizeof(once));
	OPENSSL_cleanse(nonce, sizeof(nonce));
}

void
crypto_ed25519_sign(
    const uint8_t key[ED25519_KEY_LEN], struct slice message, uint8_t out[ED25519_SIGNATURE_LEN])
{
	EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY_LEN);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t len = ED25519_SIGNATURE_LEN;

	check(pair != NULL && c != NULL);
	check(EVP_DigestSignInit(c, NULL, NULL, NULL, pair) == 1);
	check(EVP_DigestSign(c, out, &len, message.ptr, message.len) == 1);
	check(len == ED25519_SIGNATURE_LEN);
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(pair);
}
