import ConsentAuthority
import Disclosures
import Primitives

/// How many things one participant may have decided about, as every decision about them reads them all.
extension LiveRoom {
    /// What of `statements` is recorded so that a participant's records stay within their number.
    ///
    /// What takes away is never refused: where there is no place for it, it takes away from every stream, and if
    /// need be from every recipient, in the place of all such words. Codes: `too-many-records` 422.
    func bounded(
        _ statements: [ConsentStatement],
        of participant: ParticipantID
    ) throws(RelayProblem) -> [ConsentStatement] {
        var keys = authority.keys(of: participant)
        let added = Set(statements.map(\.key)).subtracting(keys)
        guard !added.isEmpty, added.union(keys).exceedsRecordLimits else { return statements }
        var kept = statements.filter { !$0.state.refuses }
        // Last, so that they take away from what is granted beside them too.
        for statement in statements where statement.state.refuses {
            let fitting = statement.broader.first { wider in
                keys.contains(wider.key) || !keys.union([wider.key]).exceedsRecordLimits
            }
            guard let word = fitting ?? statement.broader.last else { continue }
            keys.insert(word.key)
            kept.removeAll { $0.key == word.key }
            kept.append(word)
        }
        let granted = kept.filter { !$0.state.refuses && $0.state != .unknown && !keys.contains($0.key) }
        guard granted.isEmpty || !keys.union(granted.map(\.key)).exceedsRecordLimits else {
            throw RelayProblem(
                "too-many-records",
                status: 422,
                detail:
                    "the room has \(RecordLimits.statements) records of this participant, as many as it keeps"
                    + " apart: decide about those, or about all streams or recipients at once"
            )
        }
        return kept
    }
}

enum RecordLimits {
    /// Distinct purposes, recipients and streams: dozens of recipients for every purpose.
    static let statements = 256
    /// Words that hold for one publishing session each, which encoders say anew with each.
    static let ofSessions = 256
}

extension Set<ConsentKey> {
    fileprivate var exceedsRecordLimits: Bool {
        let ofSessions = count { $0.session != nil }
        return ofSessions > RecordLimits.ofSessions || count - ofSessions > RecordLimits.statements
    }
}

extension ConsentStatement {
    /// This refusal, the same for every session and stream, and the same for every recipient.
    fileprivate var broader: [ConsentStatement] {
        [self, about(recipient), about(nil)]
    }

    private func about(_ recipient: String?) -> ConsentStatement {
        ConsentStatement(
            participant: participant,
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: recipient,
            state: state,
            media: [],
            source: source,
            givenAt: givenAt,
            entity: entity,
            notice: notice,
            terms: terms
        )
    }
}
