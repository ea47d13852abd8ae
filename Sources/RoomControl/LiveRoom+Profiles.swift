import ConsentAuthority
import Disclosures
import LedgerStore
import Logging
import Primitives
import RelayRuntime

extension LiveRoom {
    /// Brings the corrected display fields of a participant to mind, before anything of theirs is shown.
    func recallProfile(of participant: ParticipantID) async throws(RelayProblem) {
        guard profiles[participant] == nil else { return }
        do {
            let stored = try await environment.records.profile(of: participant, in: name)
            if profiles[participant] == nil { profiles[participant] = stored ?? ParticipantProfile() }
        } catch {
            logger.error("display fields cannot be read", metadata: ["error": "\(type(of: error))"])
            throw Self.problem(.logUnavailable)
        }
    }

    /// Changes display fields: durable first, then told to everybody who sees them.
    func correct(_ correction: DisplayCorrection, of participant: ParticipantID) async throws(RelayProblem) {
        guard !isClosed else { throw .overloaded }
        guard !barred.contains(participant) else { throw .erasurePending }
        try await recallProfile(of: participant)
        var profile = profiles[participant] ?? ParticipantProfile()
        if let name = correction.displayName { profile.displayName = name }
        for (field, text) in correction.fields { profile.fields[field] = text }
        guard profile.fields.count <= ParticipantProfile.maximumFields else {
            throw RelayProblem(
                "too-many-fields",
                status: 422,
                detail: "a profile has at most \(ParticipantProfile.maximumFields) fields"
            )
        }
        // At once, so that another correction that comes meanwhile builds upon this one.
        let before = profiles[participant]
        profiles[participant] = profile
        do {
            try await environment.records.keep(profile, of: participant, in: name)
        } catch {
            if profiles[participant] == profile { profiles[participant] = before }
            logger.error("display fields cannot be written", metadata: ["error": "\(type(of: error))"])
            throw Self.problem(.logUnavailable)
        }
        guard publications[participant] != nil else { return }
        for session in Array(viewings.keys) {
            viewings[session]?.feed.skip()
            tellSlots(session)
        }
    }

    /// The screen name that audiences see: the corrected one, or the token's.
    func screenName(_ publication: Publication) -> String {
        profiles[publication.participant]?.displayName ?? publication.displayName
    }

    /// The fields beyond the screen name that an audience may see: none without a grant to identify toward it.
    func identity(of publication: Publication, toward place: PlacedAudience) -> [String: String]? {
        guard let fields = profiles[publication.participant]?.fields, !fields.isEmpty,
            mayIdentify(publication, toward: place)
        else { return nil }
        return fields
    }

    private func mayIdentify(_ publication: Publication, toward place: PlacedAudience) -> Bool {
        guard
            let identifying = Audience(
                purpose: .identify,
                recipientClass: place.audience.recipientClass,
                recipient: place.audience.recipient
            )
        else { return false }
        let request = DisclosureRequest(
            participant: publication.participant,
            media: .displayName,
            audience: identifying,
            stream: publication.stream.text,
            session: publication.session.text,
            recipientRegion: place.region,
            carried: publication.carried
        )
        return authority.wouldDecide(request, now: SystemClock.reading).denyReason == nil
    }

    /// Tells the audiences for whom the answer has changed whether they see who somebody is.
    func refreshIdentities() {
        var shown: [PlacedAudience: Set<ParticipantID>] = [:]
        for publication in publications.values
        where profiles[publication.participant]?.fields.isEmpty == false {
            for place in audiences.keys where mayIdentify(publication, toward: place) {
                shown[place, default: []].insert(publication.participant)
            }
        }
        guard shown != identified else { return }
        let changed = Set(shown.keys).union(identified.keys).filter { shown[$0] != identified[$0] }
        identified = shown
        for session in Array(viewings.keys) {
            guard let place = viewings[session]?.place, changed.contains(place) else { continue }
            // Nobody is told afterwards what was withdrawn meanwhile.
            viewings[session]?.feed.skip()
            tellSlots(session)
        }
    }
}
