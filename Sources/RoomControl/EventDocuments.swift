import Foundation

/// The JSON of server-sent events.
enum EventDocuments {
    struct Slot: Codable, Equatable {
        var slot: Int
        var audioMid: String?
        var videoMid: String?
        var stream: String?
        var name: String?
        var audio: String
        var video: String
    }

    struct Slots: Codable {
        var slots: [Slot]
    }

    struct Streams: Codable {
        var streams: [String]
    }

    struct Withheld: Codable {
        var slot: Int
    }

    struct ViewerCount: Codable {
        var viewers: Int
    }

    struct Record: Codable {
        var state: String
    }

    struct Overload: Codable {
        var slot: Int
        var state: String
    }

    struct Consent: Codable {
        var sequence: UInt64
        var purpose: String
        var recipient: String?
        var state: String
        var source: String
        var time: String
    }

    /// One line of JSON with sorted keys.
    static func json(_ document: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(document) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
