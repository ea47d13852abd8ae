/// A session description (RFC 8866), as far as WHIP and WHEP need it: every line is kept, in order.
package struct SessionDescription: Equatable, Sendable {
    /// The `o=` line; numbers stay text because clients write more digits than 64 bits hold.
    package struct Origin: Equatable, Sendable {
        package var username: String
        package var sessionID: String
        package var version: String
        package var networkType = "IN"
        package var addressType = "IP4"
        package var address = "127.0.0.1"

        package init(username: String = "-", sessionID: String, version: String) {
            self.username = username
            self.sessionID = sessionID
            self.version = version
        }
    }

    /// The longest text read: 32 video sections of Chromium's, 6.5 KiB each with their candidates.
    package static let maximumBytes = 256 * 1024
    /// The most `m=` sections read: twice what a viewer may have, so that the answer can name the limit.
    package static let maximumMediaLines = 64
    /// The most `a=` lines read: 32 video sections of Chromium's, 175 each.
    package static let maximumAttributes = 8192
    /// The most formats in one `m=` line: there are 128 payload types.
    package static let maximumFormats = 128

    package var origin: Origin
    /// The `s=` line.
    package var name: String = "-"
    /// `i=`, `u=`, `e=`, `p=`, `c=`, `b=`, `t=`, `r=`, `z=`, `k=` lines as they came.
    package var otherLines: [String] = ["t=0 0"]
    package var attributes: [SDPAttribute] = []
    package var media: [MediaDescription] = []

    package init(origin: Origin) {
        self.origin = origin
    }

    /// The value of the first session-level attribute called `name`; empty for a property.
    package func value(_ name: String) -> String? { attributes.firstValue(name) }

    package func has(_ name: String) -> Bool { attributes.contains { $0.name == name } }

    /// The description as text, each line ended by CR LF.
    package var text: String {
        var lines = [
            "v=0",
            "o=\(origin.username) \(origin.sessionID) \(origin.version) \(origin.networkType) "
                + "\(origin.addressType) \(origin.address)",
            "s=\(name)",
        ]
        lines += otherLines
        lines += attributes.map(\.line)
        for section in media {
            let count = section.portCount.map { "/\($0)" } ?? ""
            lines.append(
                "m=\(section.media) \(section.port)\(count) \(section.transport) "
                    + section.formats.joined(separator: " ")
            )
            lines += section.otherLines
            lines += section.attributes.map(\.line)
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }
}
