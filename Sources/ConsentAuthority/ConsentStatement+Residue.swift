import Disclosures
import Primitives

extension ConsentStatement {
    /// Whether taking this statement after `earlier`, of the same key, may end a disclosure.
    func narrows(_ earlier: ConsentStatement?) -> Bool {
        if state == .unknown { return earlier?.permits ?? false }
        guard permits else { return true }
        guard let earlier, earlier.permits else { return false }
        let isWider =
            media.isSuperset(of: earlier.media) && validity.covers(earlier.validity)
            && earlier.terms.isAtLeastAsStrict(as: terms)
            && (coversWholeClass || !earlier.coversWholeClass)
        // Another text or another guardian may not count.
        return !(isWider && notice == earlier.notice && entity == earlier.entity)
    }

    /// What of this statement takes away from `prior`, the one in force before it for the same key.
    func residue(after prior: ConsentStatement?) -> ConsentStatement? {
        let priorPermits = prior?.permits ?? false
        guard permits else {
            guard state.refuses else { return priorPermits ? self : nil }
            guard let prior, prior.state.refuses else { return self }
            return with(media: media.isEmpty || prior.media.isEmpty ? [] : media.union(prior.media))
        }
        guard let prior, priorPermits else { return nil }
        // From the prior statement, so that neither its date nor its notice are made newer.
        let common = media.intersection(prior.media)
        let window = validity.intersection(prior.validity)
        guard !common.isEmpty, !window.isEmpty, let strict = terms.intersection(prior.terms) else {
            return prior.with(state: .invalidated)
        }
        let narrower = prior.with(media: common, validity: window, terms: strict)
        return narrower == prior ? nil : narrower
    }

    /// Whether two statements of one key say the same, whenever they were given.
    func isAlike(_ other: ConsentStatement) -> Bool {
        state == other.state && media == other.media && validity == other.validity && terms == other.terms
    }
}

extension LegalDemand {
    /// Whether this demand compels less than `earlier`, which it replaces.
    func narrows(_ earlier: LegalDemand?) -> Bool {
        guard let earlier, !earlier.isLifted else { return false }
        return isLifted || authority != earlier.authority || !purposes.isSuperset(of: earlier.purposes)
            || !media.isSuperset(of: earlier.media) || (stream != nil && stream != earlier.stream)
            || !validity.covers(earlier.validity)
    }
}

extension ProcessingHold {
    /// A hold that covers what this one and `other` cover.
    func widened(by other: ProcessingHold?) -> ProcessingHold {
        guard let other else { return self }
        return ProcessingHold(
            id: id,
            participant: participant,
            purposes: purposes.isEmpty || other.purposes.isEmpty ? [] : purposes.union(other.purposes),
            stream: stream == other.stream ? stream : nil,
            reason: reason
        )
    }
}

extension RoomRules {
    /// Rules that permit nothing that these or `prior` forbid.
    func narrowed(by prior: RoomRules) -> RoomRules {
        RoomRules(
            consentRule: consentRule == .allParty ? .allParty : prior.consentRule,
            isRecordedOnly: isRecordedOnly || prior.isRecordedOnly,
            minors: minors.intersection(prior.minors),
            treatsUnknownAgeAsChild: treatsUnknownAgeAsChild || prior.treatsUnknownAgeAsChild,
            // A place that is not known lies in no region that a grant names.
            relayRegion: relayRegion == prior.relayRegion ? relayRegion : nil,
            storageRegion: storageRegion == prior.storageRegion ? storageRegion : nil,
            retentionSeconds: [retentionSeconds, prior.retentionSeconds].compactMap(\.self).min()
        )
    }
}

extension PrincipalStatus {
    /// A status that permits nothing that this or `prior` forbids.
    func narrowed(by prior: PrincipalStatus) -> PrincipalStatus {
        var narrower = prior
        narrower.isDeactivated = isDeactivated || prior.isDeactivated
        if guardian != prior.guardian { narrower.guardian = nil }
        guard ageBand != prior.ageBand else { return narrower }
        switch (ageBand, prior.ageBand) {
        case (.adult, let other), (let other, .adult): narrower.ageBand = other
        case (.under13, .unknown), (.unknown, .under13): narrower.ageBand = .under13
        default:
            // Neither of two bands permits less than the other: a child for whom nobody answers.
            narrower.ageBand = .under13
            narrower.guardian = nil
        }
        return narrower
    }
}
