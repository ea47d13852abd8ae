import Primitives

/// What is wrong with an event that cannot be recorded.
package enum StatementFault: String, Sendable, Hashable, CaseIterable {
    /// The purpose names its recipients and a grant must say which one.
    case recipientMissing = "recipient-missing"
    /// Recipients of this class have no names.
    case recipientUnexpected = "recipient-unexpected"
    /// A recipient is 1 to 64 characters of `a-z A-Z 0-9 - _ .`.
    case recipientMalformed = "recipient-malformed"
    /// The class does not receive for the purpose, or not by consent.
    case recipientClassUnexpected = "recipient-class-unexpected"
    /// Only partners can be granted as a whole class, and only without naming one.
    case wholeClassUnexpected = "whole-class-unexpected"
    /// A grant or a demand covers at least one kind of media.
    case mediaMissing = "media-missing"
    /// A notice or a demand touches at least one purpose.
    case purposeMissing = "purpose-missing"
    /// Validity ends before or when it begins.
    case validityEmpty = "validity-empty"
    /// The source may only refuse.
    case sourceOnlyNarrows = "source-only-narrows"
    /// A text that must say something is empty.
    case textMissing = "text-missing"
    /// A text is longer than `ConsentStatement.longestText`.
    case textTooLong = "text-too-long"
    /// More regions or approvals than `ConsentStatement.longestList`.
    case listTooLong = "list-too-long"
    /// A digest is 64 lowercase hexadecimal digits.
    case digestMalformed = "digest-malformed"
    /// A time to keep is not negative.
    case retentionNegative = "retention-negative"
    /// A demand that is in force needs `LegalDemand.approvalsNeeded` approvals.
    case approvalsMissing = "approvals-missing"
    /// The event has no content any more.
    case erased
}

extension ConsentStatement {
    /// Most bytes of any text in an event: enough for identifiers and URLs, and it bounds a log row.
    package static let longestText = 512
    /// Most entries of any list in an event: more than there are regions to name one by one in a sentence.
    package static let longestList = 64

    /// What keeps this statement from being recorded; `nil` if nothing does.
    package var fault: StatementFault? {
        recipientFault ?? contentFault ?? termsFault
    }

    private var recipientFault: StatementFault? {
        Self.recipientFault(
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: recipient,
            coversWholeClass: coversWholeClass,
            permits: state.permits
        )
    }

    /// What is wrong with whom a statement names; `nil` if nothing is.
    package static func recipientFault(
        purpose: Purpose,
        recipientClass: RecipientClass,
        recipient: String?,
        coversWholeClass: Bool,
        permits: Bool
    ) -> StatementFault? {
        guard purpose.recipientClasses.contains(recipientClass), recipientClass != .authority else {
            return .recipientClassUnexpected
        }
        if coversWholeClass, !purpose.admitsWholeClass || recipient != nil { return .wholeClassUnexpected }
        if let recipient {
            if !recipientClass.isNamed { return .recipientUnexpected }
            if !Audience.isValidRecipient(recipient) { return .recipientMalformed }
        } else if recipientClass.isNamed, permits, !coversWholeClass {
            return .recipientMissing
        }
        return nil
    }

    private var contentFault: StatementFault? {
        if source.onlyNarrows, state.permits { return .sourceOnlyNarrows }
        if state.permits, media.isEmpty { return .mediaMissing }
        if validity.isEmpty { return .validityEmpty }
        return textFault([
            stream, session, entity, notice?.id, notice?.version, notice?.sha256, terms.language,
            terms.jurisdiction, terms.withdrawalMethod, terms.evidence,
        ])
    }

    private var termsFault: StatementFault? {
        if let seconds = terms.retentionSeconds, seconds < 0 { return .retentionNegative }
        let longest = max(terms.storageLocations.count, terms.geographicRestrictions.count)
        return longest > Self.longestList ? .listTooLong : nil
    }
}

/// What is wrong with any of `texts`, which may be absent.
func textFault(_ texts: [String?]) -> StatementFault? {
    texts.contains { $0.map { $0.utf8.count > ConsentStatement.longestText } ?? false } ? .textTooLong : nil
}

/// What is wrong with any of `texts`, which must say something.
func neededTextFault(_ texts: [String]) -> StatementFault? {
    texts.contains(where: \.isEmpty) ? .textMissing : textFault(texts)
}
