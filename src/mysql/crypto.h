/*
 * crypto.h - what authentication needs of OpenSSL, in terms of bytes.
 *
 * All of it takes bytes and gives bytes. What fails for want of memory ends the process; what a peer sent
 * and is no key is an error. Intermediate values that a password could be got from are wiped.
 */
#ifndef MYSQL_CRYPTO_H
#define MYSQL_CRYPTO_H

#include "base/buf.h"
#include "base/err.h"

enum {
	SHA1_LEN = 20,
	SHA256_LEN = 32,
	SHA512_LEN = 64,
	ED25519_KEY_LEN = 32,
	ED25519_SIGNATURE_LEN = 64,
};

void crypto_sha1(struct slice in, uint8_t out[SHA1_LEN]);
void crypto_sha256(struct slice in, uint8_t out[SHA256_LEN]);
/* Takes the same time wherever they differ. */
bool crypto_equal(const uint8_t *a, const uint8_t *b, size_t len);

/* Encrypts for the owner of a public RSA key in PEM, with OAEP padding and SHA-1, as MySQL wants it.
 * ERR_CORRUPT for what is no such key, ERR_REFUSED for a text that is too long for it. */
int crypto_rsa_encrypt(
    struct slice pem, struct slice text, struct buf *out, struct err *err) MUST_USE;

/* PBKDF2 with HMAC and SHA-512. */
void crypto_pbkdf2(
    struct slice password, struct slice salt, int iterations, uint8_t *out, size_t out_len);

/* Ed25519 of RFC 8032 by the private key given. */
void crypto_ed25519_sign(
    const uint8_t key[ED25519_KEY_LEN], struct slice message, uint8_t out[ED25519_SIGNATURE_LEN]);
/* MariaDB's way: the password itself stands where RFC 8032 has the private key of 32 bytes. */
void crypto_ed25519_sign_by_password(
    struct slice password, struct slice message, uint8_t out[ED25519_SIGNATURE_LEN]);

#endif
