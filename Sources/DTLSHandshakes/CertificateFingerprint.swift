import COpenSSL

/// The hash functions that `a=fingerprint` may name here (RFC 8122 5); MD5 and SHA-1 prove nothing any more.
package enum FingerprintAlgorithm: String, Hashable, Sendable, CaseIterable {
    case sha256 = "sha-256"
    case sha384 = "sha-384"
    case sha512 = "sha-512"

    /// Reads the token of an SDP line; letter case does not matter (RFC 8122 5).
    package init?(token: some StringProtocol) {
        self.init(rawValue: token.lowercased())
    }

    /// Bytes of a hash.
    package var length: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    var digest: OpaquePointer? {
        switch self {
        case .sha256: EVP_sha256()
        case .sha384: EVP_sha384()
        case .sha512: EVP_sha512()
        }
    }
}

/// The hash of a certificate, as SDP announces it (RFC 8122 5).
package struct CertificateFingerprint: Hashable, Sendable {
    package let algorithm: FingerprintAlgorithm
    package let bytes: [UInt8]

    /// `nil` if `bytes` is not as long as hashes of `algorithm` are.
    package init?(algorithm: FingerprintAlgorithm, bytes: [UInt8]) {
        guard bytes.count == algorithm.length else { return nil }
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// Hashes the DER form of an X509 certificate; `nil` if libcrypto fails.
    init?(algorithm: FingerprintAlgorithm, certificate: OpaquePointer) {
        var written: UInt32 = 0
        // Safe because X509_digest writes at most the 64 bytes of the longest of our hashes.
        let hash = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { output, initialized in
            let done = X509_digest(certificate, algorithm.digest, output.baseAddress, &written)
            initialized = done == 1 ? Int(written) : 0
        }
        self.init(algorithm: algorithm, bytes: hash)
    }

    /// Whether `certificate` is one of those announced: any of the fingerprints of the strongest hash
    /// function that the peer named counts (RFC 8122 5), so that a weaker one cannot open what it closes.
    static func matches(_ certificate: OpaquePointer, announced: [CertificateFingerprint]) -> Bool {
        guard let strongest = announced.map(\.algorithm).max(by: { $0.length < $1.length }),
            let actual = CertificateFingerprint(algorithm: strongest, certificate: certificate)
        else { return false }
        return announced.contains {
            $0.algorithm == strongest && constantTimeEquals($0.bytes, actual.bytes)
        }
    }
}
