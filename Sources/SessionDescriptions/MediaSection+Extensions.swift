extension MediaSection {
    /// The header extensions among `allowed` that the other side can use in the direction we need.
    ///
    /// `claimed` holds what each id means in the sections before: sections that share a transport must agree
    /// (RFC 9143 section 9.2), and one that does not loses the extension.
    func extensions(
        allowed: Set<String>,
        weSend: Bool,
        claimed: inout [UInt8: String]
    ) -> [NegotiatedExtension] {
        var result: [NegotiatedExtension] = []
        for map in extensionMaps {
            // RFC 8285 section 5: <id>["/"<direction>] <URI> [<attributes>]
            let fields = map.fields(" ")
            guard fields.count >= 2, allowed.contains(String(fields[1])) else { continue }
            let parts = fields[0].fields("/")
            guard (1...2).contains(parts.count), let id = parts[0].decimal(UInt8.self),
                NegotiatedExtension.usableIDs.contains(id)
            else { continue }
            var offered = MediaDirection.sendrecv
            if parts.count == 2 {
                guard let direction = MediaDirection(rawValue: String(parts[1])) else { continue }
                offered = direction
            }
            guard weSend ? offered.receives : offered.sends else { continue }
            let uri = String(fields[1])
            guard claimed[id] == nil || claimed[id] == uri,
                !result.contains(where: { $0.id == id || $0.uri == uri })
            else { continue }
            claimed[id] = uri
            result.append(NegotiatedExtension(id: id, uri: uri, direction: offered.reversed))
        }
        return result
    }
}
