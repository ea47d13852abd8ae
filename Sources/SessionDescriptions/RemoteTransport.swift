import Primitives

/// The other side's transport, taken from the sections that will use it or from the session.
struct RemoteTransport {
    /// The most candidates kept: as an ICE-lite agent the relay only ever learns from checks.
    static let maximumCandidates = 32
    /// The most fingerprints kept: one for each hash function and a few certificates.
    static let maximumFingerprints = 12

    let ufrag: String
    let password: String
    let fingerprints: [CertificateFingerprint]
    /// The other side's word; `actpass` if it said nothing, as the roles then are ours to give.
    let setup: String
    let candidates: [ICECandidate]

    /// Reads the transport of `sections`, those in use, the one that counts first.
    ///
    /// Others are asked in order, since a bundled section need not repeat the transport (RFC 9143 section
    /// 7.1.3).
    init(_ description: SessionDescription, sections: [MediaSection]) throws(OfferError) {
        let scopes = sections.map(\.description.attributes) + [description.attributes]
        guard
            let scope = scopes.first(where: {
                $0.firstValue("ice-ufrag") != nil && $0.firstValue("ice-pwd") != nil
            }),
            let ufrag = scope.firstValue("ice-ufrag"), let password = scope.firstValue("ice-pwd")
        else {
            throw OfferError(.noCredentials, "a=ice-ufrag and a=ice-pwd are needed, together")
        }
        guard ufrag.isICEUfrag else {
            throw OfferError(
                .malformed,
                "a=ice-ufrag has 4 to 256 ICE characters, got \(SDPError.quoted(ufrag))"
            )
        }
        // The password's value stays out of the message: messages are logged.
        guard password.isICEPassword else {
            throw OfferError(
                .malformed,
                "a=ice-pwd has 22 to 256 ICE characters, got \(password.utf8.count) bytes"
            )
        }
        self.ufrag = ufrag
        self.password = password
        setup = scopes.lazy.compactMap { $0.firstValue("setup") }.first ?? "actpass"
        fingerprints = try Self.fingerprints(scopes)
        // A transport's candidates stand with its section; aiortc repeats others on every section.
        let own = scopes.first { $0.firstValue("candidate") != nil } ?? []
        candidates = Array(
            own.lazy.filter { $0.name == "candidate" }
                .compactMap { ICECandidate(parsing: $0.value ?? "") }
                .filter { $0.isUDP && $0.component == 1 && $0.address.port != 0 }
                .prefix(Self.maximumCandidates)
        )
    }

    private static func fingerprints(
        _ scopes: [[SDPAttribute]]
    ) throws(OfferError) -> [CertificateFingerprint] {
        let values =
            scopes.lazy.map { $0.filter { $0.name == "fingerprint" }.compactMap(\.value) }.first {
                !$0.isEmpty
            } ?? []
        var result: [CertificateFingerprint] = []
        for value in values.prefix(maximumFingerprints) {
            switch CertificateFingerprint.read(value) {
            case .fingerprint(let fingerprint): result.append(fingerprint)
            case .unknownAlgorithm: continue
            case .malformed:
                throw OfferError(
                    .malformed,
                    "a=fingerprint is a hash function and its bytes, got \(SDPError.quoted(value))"
                )
            }
        }
        guard !result.isEmpty else {
            let known = CertificateFingerprint.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw OfferError(
                .noFingerprint,
                "an a=fingerprint of \(known) is needed, got \(SDPError.quoted(values.first ?? "none"))"
            )
        }
        return result
    }

    /// Our DTLS role in answer to `setup` (RFC 8842 section 5.3): server unless the other side insists on it.
    func roleOfAnswerer() throws(OfferError) -> DTLSRole {
        switch setup {
        case "actpass", "active": .server
        case "passive": .client
        default:
            throw OfferError(
                .unsupportedSetup,
                "a=setup is actpass, active or passive, got \(SDPError.quoted(setup))"
            )
        }
    }
}
