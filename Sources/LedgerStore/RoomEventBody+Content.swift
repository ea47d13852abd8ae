import Disclosures
import Foundation
import Primitives

extension RoomEventBody {
    /// The kind and the body of an event's content; persons go through `reference`.
    static func stored(
        _ content: ConsentEvent.Content,
        _ reference: Reference
    ) throws -> (kind: String, body: String) {
        switch content {
        case .statement(let statement): ("statement", try encode(try Statement(statement, reference)))
        case .notice(let notice): ("notice", try encode(Publication(notice)))
        case .rules(let rules): ("rules", try encode(Rules(rules)))
        case .principal(let status): ("principal", try encode(try Principal(status, reference)))
        case .demand(let demand): ("demand", try encode(try Demand(demand, reference)))
        case .hold(let hold): ("hold", try encode(Hold(hold)))
        case .controller(let change):
            ("controller", try encode(Controller(controller: change.controller, reason: change.reason)))
        // Nobody writes what says nothing.
        case .erased: throw Malformed()
        }
    }

    /// The content that `stored` made `kind` and `body` from; `participant` is `nil` for the room's events, and
    /// `.some(nil)` if the participant has been erased.
    static func content(
        kind: String,
        body: String,
        participant: String??,
        _ resolution: Resolution
    ) throws -> ConsentEvent.Content {
        guard let participant else { return try roomContent(kind: kind, body: body) }
        guard let participant else { return try erased(kind: kind, body: body) }
        guard let person = ParticipantID(participant) else { throw Malformed() }
        switch kind {
        case "statement":
            return .statement(try decode(Statement.self, body).value(person, resolution))
        case "principal":
            return .principal(try decode(Principal.self, body).value(person, resolution))
        case "demand":
            return .demand(try decode(Demand.self, body).value(person, resolution))
        case "hold":
            return .hold(try decode(Hold.self, body).value(person))
        default: throw Malformed()
        }
    }

    private static func roomContent(kind: String, body: String) throws -> ConsentEvent.Content {
        switch kind {
        case "notice": return .notice(try decode(Publication.self, body).value())
        case "rules": return .rules(try decode(Rules.self, body).value())
        case "controller":
            let change = try decode(Controller.self, body)
            return .controller(ControllerChange(controller: change.controller, reason: change.reason))
        default: throw Malformed()
        }
    }

    private static func erased(kind: String, body: String) throws -> ConsentEvent.Content {
        switch kind {
        case "statement": _ = try decode(Statement.self, body)
        case "principal": _ = try decode(Principal.self, body)
        case "demand": _ = try decode(Demand.self, body)
        case "hold": _ = try decode(Hold.self, body)
        default: throw Malformed()
        }
        return .erased
    }
}

extension RoomEventBody.Statement {
    init(_ statement: ConsentStatement, _ reference: RoomEventBody.Reference) throws {
        self.init(
            purpose: statement.purpose,
            recipientClass: statement.recipientClass,
            recipient: statement.recipient,
            wholeClass: statement.coversWholeClass ? true : nil,
            stream: statement.stream,
            session: statement.session,
            state: statement.state,
            media: statement.media.sorted(),
            validFrom: statement.validity.from?.nanosecondsSince1970,
            validUntil: statement.validity.until?.nanosecondsSince1970,
            source: statement.source,
            givenAt: statement.givenAt.nanosecondsSince1970,
            entity: try statement.entity.map(reference),
            notice: statement.notice.map { notice in
                RoomEventBody.Notice(id: notice.id, version: notice.version, sha256: notice.sha256)
            },
            terms: statement.terms == .unstated ? nil : RoomEventBody.Terms(statement.terms)
        )
    }

    func value(
        _ participant: ParticipantID,
        _ resolution: RoomEventBody.Resolution
    ) throws -> ConsentStatement {
        ConsentStatement(
            participant: participant,
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: recipient,
            coversWholeClass: wholeClass ?? false,
            stream: stream,
            session: session,
            state: state,
            media: try RoomEventBody.set(media),
            validity: RoomEventBody.window(validFrom, validUntil),
            source: source,
            givenAt: WallClockTime(nanosecondsSince1970: givenAt),
            entity: try entity.map { try resolution($0) ?? RoomEventBody.erasedEntity },
            notice: notice.map { NoticeReference(id: $0.id, version: $0.version, sha256: $0.sha256) },
            terms: try terms?.value() ?? .unstated
        )
    }
}

extension RoomEventBody.Terms {
    init(_ terms: ConsentTerms) {
        func codes(_ regions: Set<Region>) -> [String]? {
            regions.isEmpty ? nil : regions.sorted().map(\.code)
        }
        self.init(
            language: terms.language,
            lawfulBasis: terms.lawfulBasis,
            retentionSeconds: terms.retentionSeconds,
            storageLocations: codes(terms.storageLocations),
            geographicRestrictions: codes(terms.geographicRestrictions),
            jurisdiction: terms.jurisdiction,
            withdrawalMethod: terms.withdrawalMethod,
            evidence: terms.evidence
        )
    }

    func value() throws -> ConsentTerms {
        ConsentTerms(
            language: language,
            lawfulBasis: lawfulBasis,
            retentionSeconds: retentionSeconds,
            storageLocations: try RoomEventBody.regions(storageLocations),
            geographicRestrictions: try RoomEventBody.regions(geographicRestrictions),
            jurisdiction: jurisdiction,
            withdrawalMethod: withdrawalMethod,
            evidence: evidence
        )
    }
}

extension RoomEventBody.Publication {
    init(_ notice: NoticeVersion) {
        self.init(
            id: notice.id,
            version: notice.version,
            language: notice.language,
            sha256: notice.sha256,
            controller: notice.controller,
            change: notice.change,
            purposes: RoomEventBody.sorted(notice.purposes)
        )
    }

    func value() throws -> NoticeVersion {
        NoticeVersion(
            id: id,
            version: version,
            language: language,
            sha256: sha256,
            controller: controller,
            change: change,
            purposes: try RoomEventBody.set(purposes)
        )
    }
}

extension RoomEventBody.Rules {
    init(_ rules: RoomRules) {
        self.init(
            consentRule: rules.consentRule,
            recordedOnly: rules.isRecordedOnly,
            minors: RoomEventBody.sorted(rules.minors),
            unknownAgeIsChild: rules.treatsUnknownAgeAsChild,
            relayRegion: rules.relayRegion?.code,
            storageRegion: rules.storageRegion?.code,
            retentionSeconds: rules.retentionSeconds
        )
    }

    func value() throws -> RoomRules {
        RoomRules(
            consentRule: consentRule,
            isRecordedOnly: recordedOnly,
            minors: try RoomEventBody.set(minors),
            treatsUnknownAgeAsChild: unknownAgeIsChild,
            relayRegion: try relayRegion.map(RoomEventBody.region),
            storageRegion: try storageRegion.map(RoomEventBody.region),
            retentionSeconds: retentionSeconds
        )
    }
}

extension RoomEventBody.Principal {
    init(_ status: PrincipalStatus, _ reference: RoomEventBody.Reference) throws {
        self.init(
            principalClass: status.principalClass,
            ageBand: status.ageBand,
            guardian: try status.guardian.map(reference),
            deactivated: status.isDeactivated
        )
    }

    /// A guardian who has been erased answers for nobody.
    func value(
        _ participant: ParticipantID,
        _ resolution: RoomEventBody.Resolution
    ) throws -> PrincipalStatus {
        PrincipalStatus(
            participant: participant,
            principalClass: principalClass,
            ageBand: ageBand,
            guardian: try guardian.flatMap { try resolution($0) },
            isDeactivated: deactivated
        )
    }
}

extension RoomEventBody.Demand {
    init(_ demand: LegalDemand, _ reference: RoomEventBody.Reference) throws {
        self.init(
            id: demand.id,
            authority: demand.authority,
            basis: demand.basis,
            purposes: RoomEventBody.sorted(demand.purposes),
            media: demand.media.sorted(),
            stream: demand.stream,
            validFrom: demand.validity.from?.nanosecondsSince1970,
            validUntil: demand.validity.until?.nanosecondsSince1970,
            approvals: try demand.approvals.map(reference).sorted(),
            lifted: demand.isLifted
        )
    }

    func value(_ participant: ParticipantID, _ resolution: RoomEventBody.Resolution) throws -> LegalDemand {
        LegalDemand(
            id: id,
            participant: participant,
            authority: authority,
            basis: basis,
            purposes: try RoomEventBody.set(purposes),
            media: try RoomEventBody.set(media),
            stream: stream,
            validity: RoomEventBody.window(validFrom, validUntil),
            // Erased people stay different people.
            approvals: Set(
                try RoomEventBody.set(approvals).map { number in
                    try resolution(number) ?? "\(RoomEventBody.erasedEntity) \(number)"
                }
            ),
            isLifted: lifted
        )
    }
}

extension RoomEventBody.Hold {
    init(_ hold: ProcessingHold) {
        self.init(
            id: hold.id,
            purposes: RoomEventBody.sorted(hold.purposes),
            stream: hold.stream,
            reason: hold.reason,
            lifted: hold.isLifted
        )
    }

    func value(_ participant: ParticipantID) throws -> ProcessingHold {
        ProcessingHold(
            id: id,
            participant: participant,
            purposes: try RoomEventBody.set(purposes),
            stream: stream,
            reason: reason,
            isLifted: lifted
        )
    }
}
