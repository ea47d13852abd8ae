/// The parts of a file in one piece: its header, and where its whole clusters lie.
package struct WebMFileParts: Hashable, Sendable {
    package let headerByteCount: Int
    package private(set) var clusters: [Range<Int>] = []
    /// Bytes of a cluster that is cut off at the end, as a crash or a download leaves it.
    package private(set) var incompleteBytes = 0

    /// Throws for what is not a file of this structure up to its first cluster.
    package init(reading file: [UInt8]) throws(WebMError) {
        headerByteCount = try WebMHeader(reading: file).byteCount
        var reader = EBMLReader(file[headerByteCount...])
        while !reader.isAtEnd {
            let start = reader.offset
            var element: EBMLReader.Element?
            do throws(WebMError) {
                element = try reader.next()
            } catch .truncated {
                incompleteBytes = file.count - start
                return
            }
            guard let element else { return }
            guard !element.hasUnknownSize else { throw .malformed("element without size at \(start)") }
            if element.identifier == MatroskaIdentifier.cluster {
                clusters.append(start..<element.data.upperBound)
            }
        }
    }
}
