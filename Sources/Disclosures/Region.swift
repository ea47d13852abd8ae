/// A place by law: an ISO 3166 code (`DE`, `US-CA`), or `EU` or `EEA` for its members.
package struct Region: Sendable, Hashable {
    package let code: String

    /// `nil` unless `code` is 2 to 3 capital letters, or those with a subdivision of 1 to 3 capitals or digits.
    package init?(_ code: String) {
        let parts = code.split(separator: "-", omittingEmptySubsequences: false)
        guard let country = parts.first, parts.count <= 2, (2...3).contains(country.utf8.count),
            country.utf8.allSatisfy({ (0x41...0x5A).contains($0) })
        else { return nil }
        if parts.count == 2 {
            let isSubdivision = parts[1].utf8.allSatisfy {
                (0x41...0x5A).contains($0) || (0x30...0x39).contains($0)
            }
            guard (1...3).contains(parts[1].utf8.count), isSubdivision else { return nil }
        }
        self.code = code
    }

    /// Whether `other` lies in this region.
    package func contains(_ other: Region) -> Bool {
        if code == other.code || other.code.hasPrefix(code + "-") { return true }
        let country = other.code.prefix { $0 != "-" }
        return switch code {
        case "EU": Self.unionMembers.contains(String(country))
        case "EEA":
            other.code == "EU" || Self.unionMembers.contains(String(country))
                || Self.furtherAreaMembers.contains(String(country))
        default: false
        }
    }

    /// Member states of the European Union (ISO 3166-1), as of 2025.
    private static let unionMembers: Set<String> = [
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
        "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    ]

    /// Members of the European Economic Area that are not in the Union.
    private static let furtherAreaMembers: Set<String> = ["IS", "LI", "NO"]
}

extension Region: Comparable, CustomStringConvertible {
    /// The order in which records list regions.
    package static func < (left: Region, right: Region) -> Bool { left.code < right.code }

    package var description: String { code }
}
