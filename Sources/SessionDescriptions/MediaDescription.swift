/// One `m=` section: its line, the lines that are no attributes, and the attributes in order.
package struct MediaDescription: Equatable, Sendable {
    /// `audio`, `video`, `application` or whatever the offer says.
    package var media: String
    /// 0 disables the section, unless `bundle-only` stands in it (RFC 9143 section 6).
    package var port: UInt16
    package var portCount: UInt16?
    package var transport: String
    /// Payload types for RTP, other words for other transports.
    package var formats: [String]
    /// `i=`, `c=`, `b=`, `k=` lines as they came.
    package var otherLines: [String] = []
    package var attributes: [SDPAttribute] = []

    package init(media: String, port: UInt16, transport: String, formats: [String]) {
        self.media = media
        self.port = port
        self.transport = transport
        self.formats = formats
    }

    /// The value of the first attribute called `name`; empty for a property.
    package func value(_ name: String) -> String? { attributes.firstValue(name) }

    package func has(_ name: String) -> Bool { attributes.contains { $0.name == name } }

    /// Whether the section asks for nothing: port 0 and not `bundle-only`.
    package var isDisabled: Bool { port == 0 && !has("bundle-only") }
}

extension [SDPAttribute] {
    func firstValue(_ name: String) -> String? {
        first { $0.name == name }.map { $0.value ?? "" }
    }
}
