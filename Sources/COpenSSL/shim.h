#ifndef TALLY_COPENSSL_SHIM_H
#define TALLY_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

// What OpenSSL offers only as macros or variadic functions, as functions that Swift can call.

static inline EVP_PKEY *tally_generate_p256_key(void) {
    return EVP_EC_gen("P-256");
}

static inline int tally_ctx_set_protocol(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version) == 1
        && SSL_CTX_set_max_proto_version(context, version) == 1;
}

static inline int tally_ctx_set_groups(SSL_CTX *context, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(context, groups);
}

// No sessions and no tickets (each session has keys of its own), no renegotiation, our cipher order as server,
// an MTU that we say, and no buffers kept while idle.
static inline void tally_ctx_restrict(SSL_CTX *context, long maximum_certificate_bytes) {
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION
        | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(context, maximum_certificate_bytes);
}

static inline int tally_name_add_common_name(X509_NAME *name, const char *text) {
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0);
}

static inline void tally_set_mtu(SSL *ssl, long bytes) {
    SSL_set_mtu(ssl, bytes);
}

static inline int tally_handle_timeout(SSL *ssl) {
    return (int)DTLSv1_handle_timeout(ssl);
}

static inline X509 *tally_get_peer_certificate(const SSL *ssl) {
    return SSL_get1_peer_certificate(ssl);
}

// HMAC-SHA1 from two saved SHA-1 states, so that a packet costs neither a key schedule nor an EVP fetch.
// OpenSSL 3 marks the plain SHA-1 calls deprecated in favour of EVP_MAC, which allocates for each message.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

// The states behind the inner and the outer padded key. The key is at most one block (64 bytes) long.
static inline void tally_hmac_sha1_start(SHA_CTX *inner, SHA_CTX *outer, const void *key, size_t key_length) {
    unsigned char pad[SHA_CBLOCK];
    for (size_t i = 0; i < SHA_CBLOCK; i++) {
        pad[i] = (unsigned char)((i < key_length ? ((const unsigned char *)key)[i] : 0) ^ 0x36);
    }
    SHA1_Init(inner);
    SHA1_Update(inner, pad, SHA_CBLOCK);
    for (size_t i = 0; i < SHA_CBLOCK; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    SHA1_Init(outer);
    SHA1_Update(outer, pad, SHA_CBLOCK);
    OPENSSL_cleanse(pad, sizeof(pad));
}

// The HMAC of `message` and then the four bytes of `trailer`; `digest` receives 20 bytes.
static inline void tally_hmac_sha1(const SHA_CTX *inner, const SHA_CTX *outer, const void *message,
                                   size_t length, const void *trailer, void *digest) {
    SHA_CTX state = *inner;
    SHA1_Update(&state, message, length);
    SHA1_Update(&state, trailer, 4);
    unsigned char hash[SHA_DIGEST_LENGTH];
    SHA1_Final(hash, &state);
    state = *outer;
    SHA1_Update(&state, hash, SHA_DIGEST_LENGTH);
    SHA1_Final((unsigned char *)digest, &state);
}

#pragma clang diagnostic pop

#endif
