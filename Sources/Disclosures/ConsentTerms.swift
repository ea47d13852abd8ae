/// The conditions that a grant was given under, in the fields of ISO/IEC TS 27560.
package struct ConsentTerms: Sendable, Hashable {
    /// On what ground the data is processed, in terms of W3C DPV.
    package enum LawfulBasis: String, Sendable, Hashable, Codable, CaseIterable {
        case explicitConsent = "dpv:ExplicitlyExpressedConsent"
        /// Expressed without a choice made on the spot, as by an encoder's token.
        case expressedConsent = "dpv:ExpressedConsent"
    }

    /// Language of the notice and of the choice (BCP 47).
    package var language: String?
    package var lawfulBasis: LawfulBasis?
    /// How long what is stored may be kept; `nil` if the grant says nothing.
    package var retentionSeconds: Int64?
    /// Where it may be stored; empty for anywhere.
    package var storageLocations: Set<Region>
    /// Where relay, recipient and storage may be; empty for anywhere.
    package var geographicRestrictions: Set<Region>
    package var jurisdiction: String?
    /// Where or how it can be withdrawn.
    package var withdrawalMethod: String?
    /// What proves it outside of this log: a form, a recording of the words, a contract.
    package var evidence: String?

    package init(
        language: String? = nil,
        lawfulBasis: LawfulBasis? = nil,
        retentionSeconds: Int64? = nil,
        storageLocations: Set<Region> = [],
        geographicRestrictions: Set<Region> = [],
        jurisdiction: String? = nil,
        withdrawalMethod: String? = nil,
        evidence: String? = nil
    ) {
        self.language = language
        self.lawfulBasis = lawfulBasis
        self.retentionSeconds = retentionSeconds
        self.storageLocations = storageLocations
        self.geographicRestrictions = geographicRestrictions
        self.jurisdiction = jurisdiction
        self.withdrawalMethod = withdrawalMethod
        self.evidence = evidence
    }

    /// A grant that says nothing of its conditions.
    package static let unstated = ConsentTerms()

    /// Whether these terms allow nothing that `other` does not.
    package func isAtLeastAsStrict(as other: ConsentTerms) -> Bool {
        Self.allows(other.geographicRestrictions, geographicRestrictions)
            && Self.allows(other.storageLocations, storageLocations)
            && (other.retentionSeconds == nil
                || retentionSeconds.map { $0 <= other.retentionSeconds ?? .max } ?? false)
    }

    /// Whether the regions `wide` hold all of `narrow`; no regions are all regions.
    private static func allows(_ wide: Set<Region>, _ narrow: Set<Region>) -> Bool {
        if wide.isEmpty { return true }
        return !narrow.isEmpty && narrow.allSatisfy { region in wide.contains { $0.contains(region) } }
    }

    /// These terms, allowing nothing that `other` does not; `nil` if nothing is allowed any more.
    package func intersection(_ other: ConsentTerms) -> ConsentTerms? {
        guard let storage = Self.common(storageLocations, other.storageLocations),
            let places = Self.common(geographicRestrictions, other.geographicRestrictions)
        else { return nil }
        var strict = other
        strict.storageLocations = storage
        strict.geographicRestrictions = places
        strict.retentionSeconds = [retentionSeconds, other.retentionSeconds].compactMap(\.self).min()
        return strict
    }

    /// The regions that lie in both; `nil` if there are none.
    private static func common(_ left: Set<Region>, _ right: Set<Region>) -> Set<Region>? {
        if left.isEmpty || right.isEmpty { return left.union(right) }
        let inner = left.filter { region in right.contains { $0.contains(region) } }
            .union(right.filter { region in left.contains { $0.contains(region) } })
        return inner.isEmpty ? nil : inner
    }
}
