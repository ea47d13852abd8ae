import COpenSSL
import Primitives

/// Our certificate and libssl's settings: made once at start-up and shared by all handshakes.
///
/// Safe because `context` is complete when `init` returns and is never changed after; libssl counts its
/// references atomically and takes its own locks.
package final class DTLSIdentity: @unchecked Sendable {
    /// ECDHE with an AEAD only: forward secrecy, and what every WebRTC client of this decade offers (RFC 8827 6.5).
    private static let cipherList =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    /// P-224 comes last, for the certificates of FFmpeg's GnuTLS build; as a client libssl takes no curve of a
    /// certificate that it did not offer.
    private static let groups = "X25519:P-256:P-384:P-224"
    /// A peer's self-signed certificate has about 1 KB; libssl would buffer 100 KB for it.
    private static let maximumCertificateListBytes = 16 * 1024
    /// Peers compare fingerprints and not dates; a generous span spares us those that look at clocks all the same.
    private static let validityDays: Int64 = 3_650

    /// The SSL_CTX.
    let context: OpaquePointer
    /// SHA-256 of the certificate, 32 bytes, for our SDP.
    package let fingerprint: CertificateFingerprint

    /// Makes a P-256 key and a self-signed certificate.
    ///
    /// - Parameters:
    ///   - commonName: The certificate's only name; it identifies nobody.
    ///   - validFrom: The certificate begins a day earlier, for peers with slow clocks.
    ///   - srtpProfiles: What is offered as client and taken as server, best first.
    /// - Throws: `protocolError` if libcrypto cannot make the key or the certificate.
    package init(
        commonName: String = "tally",
        validFrom: WallClockTime,
        srtpProfiles: [DTLSSRTPProfile] = [.aeadAES128GCM, .aes128CMHMACSHA1Tag80]
    ) throws(DTLSFailure) {
        LibraryErrors.clear()
        guard let key = tally_generate_p256_key() else { throw LibraryErrors.drain() }
        defer { EVP_PKEY_free(key) }
        let certificate = try Self.makeCertificate(key, commonName: commonName, validFrom: validFrom)
        defer { X509_free(certificate) }
        guard let fingerprint = CertificateFingerprint(algorithm: .sha256, certificate: certificate),
            let context = SSL_CTX_new(DTLS_method())
        else { throw LibraryErrors.drain() }
        self.fingerprint = fingerprint
        self.context = context

        let isConfigured =
            tally_ctx_set_protocol(context, DTLS1_2_VERSION) == 1
            && SSL_CTX_use_certificate(context, certificate) == 1
            && SSL_CTX_use_PrivateKey(context, key) == 1
            && SSL_CTX_set_cipher_list(context, Self.cipherList) == 1
            && tally_ctx_set_groups(context, Self.groups) == 1
            // This one answers 0 for success. libssl's server takes the first of its own list that the
            // client offers, so the order here decides, whatever the client prefers.
            && SSL_CTX_set_tlsext_use_srtp(context, srtpProfiles.map(\.name).joined(separator: ":")) == 0
        guard isConfigured else { throw LibraryErrors.drain() }

        tally_ctx_restrict(context, Self.maximumCertificateListBytes)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        DatagramExchange.installCertificateCheck(on: context)
    }

    deinit {
        SSL_CTX_free(context)
    }

    private static func makeCertificate(
        _ key: OpaquePointer,
        commonName: String,
        validFrom: WallClockTime
    ) throws(DTLSFailure) -> OpaquePointer {
        guard let certificate = X509_new() else { throw LibraryErrors.drain() }
        let seconds = validFrom.nanosecondsSince1970 / 1_000_000_000
        var serial = [UInt8](repeating: 0, count: 8)
        let name = X509_get_subject_name(certificate)
        let isMade =
            RAND_bytes(&serial, 8) == 1
            && X509_set_version(certificate, 2) == 1
            && ASN1_INTEGER_set_uint64(
                X509_get_serialNumber(certificate),
                serial.reduce(0) { $0 << 8 | UInt64($1) } >> 1
            ) == 1
            && ASN1_TIME_set(X509_getm_notBefore(certificate), Int(seconds - 86_400)) != nil
            && ASN1_TIME_set(X509_getm_notAfter(certificate), Int(seconds + validityDays * 86_400)) != nil
            && tally_name_add_common_name(name, commonName) == 1
            && X509_set_issuer_name(certificate, name) == 1
            && X509_set_pubkey(certificate, key) == 1
            && X509_sign(certificate, key, EVP_sha256()) > 0
        guard isMade else {
            X509_free(certificate)
            throw LibraryErrors.drain()
        }
        return certificate
    }
}
