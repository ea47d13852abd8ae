import Primitives

/// One entry of a room's append-only log.
package struct ConsentEvent: Sendable, Hashable {
    /// What an event says.
    package enum Content: Sendable, Hashable {
        case statement(ConsentStatement)
        case notice(NoticeVersion)
        case rules(RoomRules)
        case principal(PrincipalStatus)
        case demand(LegalDemand)
        case hold(ProcessingHold)
        case controller(ControllerChange)
        /// An event of somebody who has been erased: it keeps its place in the log and says nothing.
        case erased
    }

    /// Whom an event is about.
    package enum Subject: Sendable, Hashable {
        case room
        case participant(ParticipantID)
    }

    /// What an event speaks about: a later one with the same key takes the place of an earlier one.
    package enum Key: Sendable, Hashable {
        case statement(ConsentKey)
        /// Notices do not replace each other as a whole: each purpose follows the newest that touches it.
        case notice(sha256: String)
        case rules
        case principal(ParticipantID)
        case demand(ParticipantID, id: String)
        case hold(ParticipantID, id: String)
        case controller
        case erased
    }

    /// Position in the room's log, from 1; also the room's epoch once this event is in force.
    package let sequence: UInt64
    /// When the relay took the event.
    package let time: WallClockTime
    package let content: Content

    package init(sequence: UInt64, time: WallClockTime, content: Content) {
        self.sequence = sequence
        self.time = time
        self.content = content
    }

    package init(sequence: UInt64, time: WallClockTime, statement: ConsentStatement) {
        self.init(sequence: sequence, time: time, content: .statement(statement))
    }

    /// The statement, if the event is one.
    package var statement: ConsentStatement? {
        if case .statement(let statement) = content { return statement }
        return nil
    }

    package var subject: Subject { content.subject }
}

extension ConsentEvent.Subject {
    /// The participant meant; `nil` for the room.
    package var participant: ParticipantID? {
        if case .participant(let participant) = self { return participant }
        return nil
    }
}

extension ConsentEvent.Content {
    /// Whom this is about.
    package var subject: ConsentEvent.Subject {
        switch self {
        case .statement(let statement): .participant(statement.participant)
        case .principal(let status): .participant(status.participant)
        case .demand(let demand): .participant(demand.participant)
        case .hold(let hold): .participant(hold.participant)
        case .notice, .rules, .controller, .erased: .room
        }
    }

    /// What this speaks about.
    package var key: ConsentEvent.Key {
        switch self {
        case .statement(let statement): .statement(statement.key)
        case .notice(let notice): .notice(sha256: notice.sha256)
        case .rules: .rules
        case .principal(let status): .principal(status.participant)
        case .demand(let demand): .demand(demand.participant, id: demand.id)
        case .hold(let hold): .hold(hold.participant, id: hold.id)
        case .controller: .controller
        case .erased: .erased
        }
    }

    /// What keeps this from being recorded; `nil` if nothing does.
    package var fault: StatementFault? {
        switch self {
        case .statement(let statement): statement.fault
        case .notice(let notice): notice.fault
        case .rules(let rules): rules.retentionSeconds.map { $0 < 0 } == true ? .retentionNegative : nil
        case .principal(let status): textFault([status.guardian])
        case .demand(let demand): demand.fault
        case .hold(let hold): neededTextFault([hold.id, hold.reason]) ?? textFault([hold.stream])
        case .controller(let change): neededTextFault([change.controller, change.reason])
        case .erased: .erased
        }
    }
}

extension NoticeVersion {
    fileprivate var fault: StatementFault? {
        if purposes.isEmpty { return .purposeMissing }
        let digits = sha256.utf8
        let isHexadecimal = digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard digits.count == 64, isHexadecimal else { return .digestMalformed }
        return neededTextFault([id, version, language, controller])
    }
}

extension LegalDemand {
    fileprivate var fault: StatementFault? {
        if purposes.isEmpty { return .purposeMissing }
        if media.isEmpty { return .mediaMissing }
        if validity.isEmpty { return .validityEmpty }
        if !Audience.isValidRecipient(authority) { return .recipientMalformed }
        if !isLifted, approvals.count < Self.approvalsNeeded { return .approvalsMissing }
        if approvals.count > ConsentStatement.longestList { return .listTooLong }
        return neededTextFault([id, basis] + approvals) ?? textFault([stream])
    }
}
