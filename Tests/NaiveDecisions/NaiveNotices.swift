import Disclosures

/// The publications that touch one purpose, in their order.
struct NaiveNotices {
    let publications: [(sequence: UInt64, notice: NoticeVersion)]

    /// A grant stands if its text counted when it was given and ever since, or if it is older than every notice and
    /// none was material.
    func accept(_ event: ConsentEvent, _ said: ConsentStatement) -> Bool {
        guard let first = publications.first else { return true }
        let before = publications.count { $0.sequence < event.sequence }
        if before == 0, first.notice.change == .editorial, lastReplacement(publications.count) == 0,
            !isReplacement(0)
        {
            return true
        }
        guard let named = said.notice?.sha256 else { return false }
        return (max(1, before)...publications.count).allSatisfy { texts(first: $0).contains(named) }
    }

    /// The texts that counted when the first `count` notices had been published.
    private func texts(first count: Int) -> Set<String> {
        Set(publications[lastReplacement(count)..<count].map(\.notice.sha256))
    }

    private func lastReplacement(_ count: Int) -> Int { (0..<count).last(where: isReplacement) ?? 0 }

    /// Whether a publication puts all earlier texts out of force.
    private func isReplacement(_ index: Int) -> Bool {
        let notice = publications[index].notice
        guard notice.change == .material else { return false }
        let sameVersion = publications[..<index].reversed()
            .prefix { $0.notice.id == notice.id && $0.notice.version == notice.version }
        let isTranslation =
            !sameVersion.isEmpty && !sameVersion.contains { $0.notice.language == notice.language }
        return !isTranslation
    }
}
