/// A file of a published log, by its path below the log's prefix (C2SP tlog-tiles).
package enum LogResource: Sendable, Hashable {
    case checkpoint
    /// The log's verifier key as a line of text: not part of the standard, and proof of nothing by itself.
    case verifierKey
    case tile(TileID)
    /// The entries of a tile of level 0.
    case entries(TileID)

    package var path: String {
        switch self {
        case .checkpoint: "checkpoint"
        case .verifierKey: "verifier-key"
        case .tile(let id): "tile/\(id.level)/\(Self.place(id))"
        case .entries(let id): "tile/entries/\(Self.place(id))"
        }
    }

    /// Whether the file may change: everything but tiles and bundles does.
    package var isMutable: Bool {
        switch self {
        case .checkpoint, .verifierKey: true
        case .tile, .entries: false
        }
    }

    /// The file that `path` names; `nil` for anything that is not the one spelling of such a path.
    package init?(path: String) {
        switch path {
        case "checkpoint": self = .checkpoint
        case "verifier-key": self = .verifierKey
        default:
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count >= 3, parts[0] == "tile" else { return nil }
            let isEntries = parts[1] == "entries"
            guard let level = isEntries ? 0 : Self.number(parts[1], below: 64),
                let id = Self.tile(level: Int(level), place: parts.dropFirst(2))
            else { return nil }
            self = isEntries ? .entries(id) : .tile(id)
        }
    }

    private static func place(_ id: TileID) -> String {
        var groups: [UInt64] = [id.index % 1000]
        var rest = id.index / 1000
        while rest > 0 {
            groups.append(rest % 1000)
            rest /= 1000
        }
        let names = groups.enumerated().reversed().map { position, group in
            let digits = String(group)
            return (position == 0 ? "" : "x") + String(repeating: "0", count: 3 - digits.count) + digits
        }
        return names.joined(separator: "/") + (id.isFull ? "" : ".p/\(id.width)")
    }

    private static func tile(level: Int, place: ArraySlice<Substring>) -> TileID? {
        var names = place
        var width = TileID.fullWidth as Int?
        if names.count >= 2, names[names.endIndex - 2].hasSuffix(".p") {
            width = names.popLast().flatMap { number($0, below: UInt64(TileID.fullWidth)) }.map(Int.init)
            names[names.endIndex - 1] = names[names.endIndex - 1].dropLast(2)
        }
        guard let width, let last = names.popLast() else { return nil }
        var index = 0 as UInt64
        // Seven groups of three digits are more than any tree needs, and fewer than overflow.
        guard names.count < 6 else { return nil }
        for name in names {
            guard name.first == "x", let group = group(name.dropFirst()) else { return nil }
            // A first group of zeros would be a second spelling of the same index.
            guard index > 0 || group > 0 else { return nil }
            index = index * 1000 + group
        }
        guard let group = group(last) else { return nil }
        return TileID(level: level, index: index * 1000 + group, width: width)
    }

    private static func group(_ text: Substring) -> UInt64? {
        guard text.utf8.count == 3, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(text)
    }

    private static func number(_ text: Substring, below limit: UInt64) -> UInt64? {
        guard let value = Decimal.parse(text), value < limit else { return nil }
        return value
    }
}

/// Decimal numbers in their one spelling.
enum Decimal {
    /// `nil` for signs, spaces, leading zeros and what does not fit.
    static func parse(_ text: some StringProtocol) -> UInt64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text == "0" || text.utf8.first != 0x30
        else { return nil }
        return UInt64(text)
    }
}
