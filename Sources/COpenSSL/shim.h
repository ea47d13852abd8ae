#ifndef TALLY_COPENSSL_SHIM_H
#define TALLY_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
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

#endif
