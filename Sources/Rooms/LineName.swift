import Primitives

/// One line of one recipient's session.
package struct LineName: Hashable, Sendable {
    package let peer: PeerID
    /// The line's number among the accepted m-lines.
    package let mediaIndex: Int

    package init(peer: PeerID, mediaIndex: Int) {
        self.peer = peer
        self.mediaIndex = mediaIndex
    }
}

extension LineName: Comparable {
    package static func < (left: LineName, right: LineName) -> Bool {
        (left.peer.rawValue, left.mediaIndex) < (right.peer.rawValue, right.mediaIndex)
    }
}
