/// Who may come near media: the ring's readers, the pass's makers, and plaintext before the ring.
enum DoorRules {
    /// Something that only these files may do.
    struct Privilege {
        let what: String
        /// Matched against code, over lines.
        let pattern: String
        /// Targets that the pattern means nothing in.
        var elsewhere: Set<String> = []
        /// Paths without `Sources/`, `.swift` and a `+Unsafe` at the end; each must use it, nobody else may.
        let holders: Set<String>
    }

    /// A call of `name` up to its argument `label`, over two levels of parentheses.
    private static func call(_ name: String, labelled label: String) -> String {
        name + #"\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*?\b"# + label + #"\s*:"#
    }

    static let privileges = [
        Privilege(
            what: "mints a pass",
            pattern: #"\.\s*withPass\s*\("#,
            holders: [
                "Rooms/Forwarder", "Rooms/Forwarder+Reports", "Rooms/Forwarder+Retransmission",
                "Rooms/Capture/Recorder+Reading",
            ]
        ),
        Privilege(
            what: "reads a ring",
            pattern: call(#"\.\s*read"#, labelled: "at"),
            holders: [
                "Rooms/Forwarder", "Rooms/Forwarder+Emission", "Rooms/Forwarder+Retransmission",
                "Rooms/Capture/Recorder+Reading",
            ]
        ),
        Privilege(
            what: "constructs a pass",
            pattern: #"\bPass\s*(\.\s*init\s*)?\("#,
            holders: ["Disclosures/DisclosureGate"]
        ),
        Privilege(
            what: "constructs a permit",
            pattern: #"\bPermit\s*(\.\s*init\s*)?\("#,
            holders: ["Disclosures/Permit", "Disclosures/Decide"]
        ),
        // A client decrypts what it received itself: no relay stands behind it.
        Privilege(
            what: "decrypts media",
            pattern: #"\.\s*unprotectRTP\s*\("#,
            elsewhere: ["LoadTesting"],
            holders: ["RelayEngine/RelayEngine+Receiving"]
        ),
        Privilege(
            what: "takes plaintext before the ring",
            pattern: call(#"\.\s*receive"#, labelled: "wallNTP"),
            elsewhere: ["LoadTesting"],
            holders: ["RelayEngine/RelayEngine+Receiving"]
        ),
        Privilege(
            what: "publishes into a ring",
            pattern: call(#"\.\s*publish"#, labelled: "payload"),
            holders: ["RelayEngine/PublisherIngest"]
        ),
    ]

    private static func place(_ source: SwiftSource) -> String {
        var place = source.path.dropFirst("Sources/".count).dropLast(".swift".count)
        if place.hasSuffix("+Unsafe") { place = place.dropLast("+Unsafe".count) }
        return String(place)
    }

    /// Uses by others, and holders that no longer use what they are listed for.
    static func violations(_ privilege: Privilege, _ sources: [SwiftSource]) -> [String] {
        var found: [String] = []
        var users: Set<String> = []
        for source in sources where !privilege.elsewhere.contains(source.target) {
            let lines = source.matches(privilege.pattern)
            guard !lines.isEmpty else { continue }
            users.insert(place(source))
            if !privilege.holders.contains(place(source)) {
                found += lines.map { "\(source.path):\($0): \(privilege.what)" }
            }
        }
        for holder in privilege.holders.subtracting(users).sorted() {
            found.append("\(holder) is listed and never \(privilege.what)")
        }
        return found
    }

    /// Initialisers of passes and permits that other targets could call, and passes that could be kept.
    static func makingViolations(_ source: SwiftSource) -> [String] {
        guard source.target == "Disclosures", ["Pass", "Permit"].contains(source.stem) else { return [] }
        var found = source.matches(#"\b(package|public|open)\s+init\b"#)
            .map { "\(source.path):\($0): an initialiser that other targets can call" }
        if source.stem == "Pass", source.matches(#"\bstruct\s+Pass\s*:[^{]*~Copyable"#).isEmpty {
            found.append("\(source.path): a pass that can be copied can be kept")
        }
        return found
    }

    /// Ways around the compiler: testable imports of the door's two targets, and bit casts.
    static func bypassViolations(_ source: SwiftSource) -> [String] {
        let doors = ["Disclosures", "MediaRings"]
        guard !doors.map({ "\($0)Tests" }).contains(source.target) else { return [] }
        let testable = #"@testable\s+(?:\w+\s+)?import\s+(?:\w+\s+)?(?:Disclosures|MediaRings)\b"#
        return source.matches(testable).map { "\(source.path):\($0): a testable import of the door" }
            + source.matches(#"\bunsafeBitCast\b"#).map { "\(source.path):\($0): unsafeBitCast" }
    }
}
