import Disclosures
import Foundation
import Primitives
import Synchronization

/// Why the registry did not do what was asked.
package enum PartnerRegistryError: Error, Sendable, Equatable {
    case unknown
    case exists
    case malformed(PartnerFault)
    case tooMany
    /// Somebody else changed the partner while its sessions were being ended; read it again.
    case changedMeanwhile
    /// The file cannot be written: nothing that adds was done, and what takes away is in force until the end of the
    /// process.
    case unavailable(String)
}

/// Who may show rooms, and the grants that were redeemed.
///
/// What adds is durable before it counts; what takes away counts before it is durable.
package actor PartnerRegistry {
    /// More than one operator deals with; it bounds what is kept in memory.
    static let mostPartners = 10_000

    /// The servers of partners that rooms are re-broadcast to.
    package nonisolated let destinations: DestinationRegistry

    private let store: PartnerStore
    private let known: Mutex<[String: Partner]>
    private let onChange: Mutex<@Sendable (PartnerChange) async -> Void>
    private let onListing: Mutex<@Sendable (Partner) async -> Void>
    private let clock: @Sendable () -> WallClockTime

    /// Opens or makes `partners.sqlite` in a directory that exists.
    package init(
        directory: String,
        clock: @escaping @Sendable () -> WallClockTime = {
            WallClockTime(nanosecondsSince1970: Int64(Date().timeIntervalSince1970 * 1e9))
        }
    ) throws(PartnerRegistryError) {
        store = try PartnerStore(directory: directory)
        known = Mutex(try store.partners())
        destinations = try DestinationRegistry(store)
        onChange = Mutex { _ in }
        onListing = Mutex { _ in }
        self.clock = clock
    }

    /// Calls `body` with each change before the change is acknowledged.
    package nonisolated func observe(_ body: @escaping @Sendable (PartnerChange) async -> Void) {
        onChange.withLock { $0 = body }
    }

    /// Calls `body` with each partner that has become one of those that the operator lists.
    package nonisolated func observeListings(_ body: @escaping @Sendable (Partner) async -> Void) {
        onListing.withLock { $0 = body }
    }

    package nonisolated func partner(_ id: String) -> Partner? { known.withLock { $0[id] } }

    /// All of them, by identifier.
    package nonisolated var partners: [Partner] { known.withLock { $0.values.sorted { $0.id < $1.id } } }

    /// The partner whose present key this is, if there is one.
    ///
    /// Keys are random: a lookup by digest tells nobody anything about another key.
    package nonisolated func partner(holding key: String) -> Partner? {
        guard key.hasPrefix(PartnerKey.prefix), key.utf8.count <= 128 else { return nil }
        let digest = PartnerKey.digest(key)
        return known.withLock { $0.values.first { PartnerKey.isSame($0.keyDigest, digest) } }
    }

    /// Adds a partner; its key is shown this once.
    package func add(
        _ id: String,
        _ terms: Partner.Terms
    ) async throws(PartnerRegistryError) -> (Partner, PartnerKey) {
        guard Audience(purpose: .liveEmbed, recipient: id) != nil else {
            throw .malformed(.identifierMalformed)
        }
        if let fault = terms.fault { throw .malformed(fault) }
        guard partner(id) == nil else { throw .exists }
        guard known.withLock({ $0.count }) < Self.mostPartners else { throw .tooMany }
        let key = PartnerKey()
        var partner = Partner(
            id: id,
            terms: terms,
            state: .active,
            // Numbers go on where an earlier partner of this name has left off: its grants stay void.
            keyNumber: try store.lastKeyNumber(of: id) + 1,
            keyDigest: PartnerKey.digest(key.text)
        )
        partner = try await write(partner, after: nil)
        return (partner, key)
    }

    /// Sets a partner's terms and state; answers when sessions that this ends have ended.
    package func update(
        _ id: String,
        terms: Partner.Terms,
        state: Partner.State
    ) async throws(PartnerRegistryError) -> Partner {
        if let fault = terms.fault { throw .malformed(fault) }
        guard let before = partner(id) else { throw .unknown }
        var after = before
        after.terms = terms
        after.state = state
        let changes = Self.changes(from: before, to: after)
        if changes.isEmpty { return try await write(after, after: before) }
        // Closed first: between the two, only what both allow.
        let narrow = before.narrowed(to: after)
        known.withLock { $0[id] = narrow }
        for change in changes { await tell(change) }
        guard partner(id) == narrow else { throw .changedMeanwhile }
        return try await write(after, after: before)
    }

    /// Makes a partner's new terms durable, then lets them count, then tells of them whom they are news to.
    private func write(
        _ partner: Partner,
        after earlier: Partner?
    ) async throws(PartnerRegistryError) -> Partner {
        var written = partner
        let isNews = partner.isNews(after: earlier)
        if isNews { written.listedAt = clock() }
        try store.write(written)
        let known = written
        self.known.withLock { $0[known.id] = known }
        if isNews {
            let body = onListing.withLock { $0 }
            await body(known)
        }
        return known
    }

    /// Replaces a partner's key; what was minted under the earlier one ends.
    package func rotateKey(_ id: String) async throws(PartnerRegistryError) -> (Partner, PartnerKey) {
        guard var partner = partner(id) else { throw .unknown }
        let key = PartnerKey()
        partner.keyNumber += 1
        partner.keyDigest = PartnerKey.digest(key.text)
        let rotated = partner
        known.withLock { $0[id] = rotated }
        await tell(.keyRotated(id))
        guard self.partner(id) == rotated else { throw .changedMeanwhile }
        try store.write(rotated)
        return (rotated, key)
    }

    package func remove(_ id: String) async throws(PartnerRegistryError) {
        guard partner(id) != nil else { throw .unknown }
        known.withLock { _ = $0.removeValue(forKey: id) }
        await tell(.removed(id))
        guard partner(id) == nil else { throw .changedMeanwhile }
        try store.remove(id)
        await destinations.forget(of: id)
    }

    /// Takes a grant's identifier as used; `false` if it was before.
    ///
    /// `forgottenAt` is when nobody could redeem it anyway. Durable before the answer, so that a restart does not let
    /// it in again.
    package func redeem(
        _ id: String,
        forgottenAt: WallClockTime,
        now: WallClockTime
    ) throws(PartnerRegistryError) -> Bool {
        try store.redeem(id, forgottenAt: forgottenAt, now: now)
    }

    /// Makes a grant usable again that opened nothing.
    package func giveBack(_ id: String) throws(PartnerRegistryError) {
        try store.giveBack(id)
    }

    private func tell(_ change: PartnerChange) async {
        let body = onChange.withLock { $0 }
        await body(change)
    }

    private static func changes(from before: Partner, to after: Partner) -> [PartnerChange] {
        var changes: [PartnerChange] = []
        if before.state == .active, after.state == .suspended { changes.append(.suspended(before.id)) }
        let removed = before.terms.origins.subtracting(after.terms.origins)
        if !removed.isEmpty { changes.append(.originsRemoved(before.id, removed)) }
        if before.narrowed(to: after).terms.withoutOrigins != before.terms.withoutOrigins {
            changes.append(.termsChanged(before.id))
        }
        return changes
    }
}

extension Partner {
    /// This partner with what both it and `other` allow.
    fileprivate func narrowed(to other: Partner) -> Partner {
        var narrow = self
        narrow.state = other.state == .suspended ? .suspended : state
        narrow.terms.origins.formIntersection(other.terms.origins)
        narrow.terms.purposes.formIntersection(other.terms.purposes)
        narrow.terms.media.formIntersection(other.terms.media)
        if !other.terms.rooms.isEmpty {
            let both = terms.rooms.isEmpty ? other.terms.rooms : terms.rooms.intersection(other.terms.rooms)
            // No room at all cannot be said by an empty list, which means every room.
            if both.isEmpty { narrow.terms.purposes = [] }
            narrow.terms.rooms = both
        }
        if !other.terms.regions.isEmpty { narrow.terms.regions = other.terms.regions }
        narrow.terms.maximumViewers = min(terms.maximumViewers, other.terms.maximumViewers)
        narrow.terms.maximumViewersPerRoom = min(
            terms.maximumViewersPerRoom,
            other.terms.maximumViewersPerRoom
        )
        narrow.terms.allowsPageGrants = terms.allowsPageGrants && other.terms.allowsPageGrants
        return narrow
    }
}

extension Partner.Terms {
    /// For comparing everything whose change ends sessions; limits apply to the next one.
    fileprivate var withoutOrigins: Partner.Terms {
        var copy = self
        copy.origins = []
        copy.maximumViewers = 1
        copy.maximumViewersPerRoom = 1
        copy.allowsPageGrants = false
        return copy
    }
}
