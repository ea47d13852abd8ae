/// Which texts a grant for one purpose may rest on.
///
/// Publishing never brings back what an earlier publication suspended: a text counts for grants given after it was
/// put in force, and one that a material change has replaced is new when it is published again.
struct NoticeRequirement: Sendable, Hashable {
    /// Texts that count, each with the event after which grants may name it.
    private var accepted: [String: UInt64]
    /// Grants before this event carry over whatever they name.
    private var carriesOverBefore: UInt64
    private var id: String
    private var version: String
    private var languages: Set<String>

    /// The first notice that touches the purpose.
    init(_ notice: NoticeVersion, sequence: UInt64) {
        accepted = [notice.sha256: 0]
        carriesOverBefore = notice.change == .editorial ? sequence : 0
        id = notice.id
        version = notice.version
        languages = [notice.language]
    }

    mutating func follow(_ notice: NoticeVersion, sequence: UInt64) {
        let since = accepted[notice.sha256] ?? sequence
        let isTranslation =
            notice.id == id && notice.version == version
            && !languages.contains { Self.isSameLanguage($0, notice.language) }
        if notice.change == .material, !isTranslation {
            accepted = [:]
            carriesOverBefore = 0
        }
        accepted[notice.sha256] = since
        if notice.id == id, notice.version == version {
            languages.insert(notice.language)
        } else {
            (id, version, languages) = (notice.id, notice.version, [notice.language])
        }
    }

    /// Whether two tags (BCP 47) name one language: other words in the same one are another text.
    private static func isSameLanguage(_ left: String, _ right: String) -> Bool {
        func primary(_ tag: String) -> [UInt8] {
            // ASCII lowercase of the first subtag.
            tag.utf8.drop { $0 == 0x20 }.prefix { $0 != 0x2D && $0 != 0x5F && $0 != 0x20 }
                .map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        }
        return primary(left) == primary(right)
    }

    /// Whether a grant given now may rest on the text of this digest.
    func accepts(sha256: String) -> Bool { accepted[sha256] != nil }

    /// Whether the text that `record` rests on still counts.
    func accepts(_ record: ConsentRecord) -> Bool {
        if record.sequence < carriesOverBefore { return true }
        guard let digest = record.statement.notice?.sha256, let since = accepted[digest] else { return false }
        return record.sequence > since
    }
}
