import Foundation
import MediaCodecs
import Synchronization

/// Whose stamp is whose, learned from the `slots` events that name those a viewer may see.
package final class SlotNames: Sendable {
    private struct Document: Decodable {
        struct Slot: Decodable {
            var name: String?
        }
        var slots: [Slot]?
    }

    private let names = Mutex<[UInt16: String]>([:])

    package init() {}

    /// Remembers a name that pictures may be stamped with.
    package func learn(_ name: String) {
        names.withLock { $0[PictureStamp.source(of: name)] = name }
    }

    /// Remembers the names in an event's data.
    package func learn(from event: ServerSentEvent) {
        guard event.name == "slots",
            let document = try? JSONDecoder().decode(Document.self, from: Data(event.data.utf8))
        else { return }
        for slot in document.slots ?? [] {
            if let name = slot.name { learn(name) }
        }
    }

    /// The broadcaster of a stamp.
    package func name(of source: UInt16) -> String {
        names.withLock { $0[source] } ?? "stamp \(String(source, radix: 16))"
    }
}
