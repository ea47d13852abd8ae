import Primitives

/// What is wrong with a statement that cannot be recorded.
package enum StatementFault: String, Sendable, Hashable, CaseIterable {
    /// The purpose names its recipients and a grant must say which one.
    case recipientMissing = "recipient-missing"
    /// `live_room` has no recipient.
    case recipientUnexpected = "recipient-unexpected"
    /// A recipient is 1 to 64 characters of `a-z A-Z 0-9 - _ .`.
    case recipientMalformed = "recipient-malformed"
    /// A grant covers at least one kind of media.
    case mediaMissing = "media-missing"
    /// Validity ends before or when it begins.
    case validityEmpty = "validity-empty"
    /// The source may only refuse.
    case sourceOnlyNarrows = "source-only-narrows"
    /// A text is longer than `ConsentStatement.longestText`.
    case textTooLong = "text-too-long"
}

extension ConsentStatement {
    /// Most bytes of any text in a statement: enough for identifiers and URLs, and it bounds a log row.
    package static let longestText = 512

    /// What keeps this statement from being recorded; `nil` if nothing does.
    package var fault: StatementFault? {
        if let recipient {
            if !purpose.namesRecipient { return .recipientUnexpected }
            if Audience(purpose: purpose, recipient: recipient) == nil { return .recipientMalformed }
        } else if purpose.namesRecipient, state.permits {
            return .recipientMissing
        }
        if source.onlyNarrows, state.permits { return .sourceOnlyNarrows }
        if state.permits, media.isEmpty { return .mediaMissing }
        if let from = validity.from, let until = validity.until, until <= from { return .validityEmpty }
        for text in [stream, entity, notice?.id, notice?.sha256] {
            if let text, text.utf8.count > Self.longestText { return .textTooLong }
        }
        return nil
    }
}
