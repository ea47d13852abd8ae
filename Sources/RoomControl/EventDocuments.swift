import Foundation

/// The JSON of server-sent events.
enum EventDocuments {
    struct Slot: Codable, Equatable {
        var slot: Int
        var audioMid: String?
        var videoMid: String?
        var stream: String?
        var name: String?
        /// Fields beyond the screen name, where a grant to identify stands.
        var profile: [String: String]?
        var audio: String
        var video: String
    }

    struct Slots: Codable {
        var slots: [Slot]
    }

    struct Streams: Codable {
        var streams: [String]
    }

    /// Why a session ends that its viewer did not end.
    struct Ended: Codable {
        var reason: String
    }

    /// A partner that the operator has come to list.
    struct ListedPartner: Codable {
        var id: String
        var legalName: String
        var listedAt: String?
        /// Whether the participant's grant to any listed partner covers it.
        var isCovered: Bool

        private enum CodingKeys: String, CodingKey {
            case id
            case legalName = "legal_name"
            case listedAt = "listed_at"
            case isCovered = "covered"
        }
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

    /// One encoding per m-line; `layers` lists what of it is sent while that is not everything.
    struct Layers: Codable, Equatable {
        struct Encoding: Codable, Equatable {
            var id: String
            var layers: [Layer]?
        }

        struct Layer: Codable, Equatable {
            var encodingId: String
            var spatialLayerId: Int
            var temporalLayerId: Int
        }

        var active: [Encoding]
        var inactive: [Encoding]
        var layers: [Layer]

        init(isThinned: Bool) {
            let base = Layer(encodingId: "0", spatialLayerId: 0, temporalLayerId: 0)
            active = [Encoding(id: "0", layers: isThinned ? [base] : nil)]
            inactive = []
            layers = isThinned ? [base] : []
        }
    }

    struct Consent: Codable {
        var sequence: UInt64
        var purpose: String
        var recipientClass: String
        var recipient: String?
        var state: String
        var source: String
        var time: String
        /// The path of its receipt.
        var receipt: String

        private enum CodingKeys: String, CodingKey {
            case sequence
            case purpose
            case recipientClass = "recipient_class"
            case recipient
            case state
            case source
            case time
            case receipt
        }
    }

    struct Notice: Codable {
        var notice: NoticeLink
        var purposes: [String]
    }

    /// One line of JSON with sorted keys.
    static func json(_ document: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(document) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
