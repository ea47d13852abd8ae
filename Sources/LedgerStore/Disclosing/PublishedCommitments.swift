import Foundation
import TransparencyLogs

/// The commitments in the bytes of a leaf, for when their salts are gone.
struct PublishedCommitments: Decodable {
    let participant: MerkleHash?
    let room: MerkleHash?
    let stream: MerkleHash?
    let session: MerkleHash?
    let recipient: MerkleHash?
    let reason: MerkleHash?
    /// The name of the interval, or the id of another leaf.
    let name: [UInt8]?

    /// `nil` if `leaf` is no JSON object.
    init?(leaf: [UInt8]) {
        guard let read = try? JSONDecoder().decode(Self.self, from: Data(leaf)) else { return nil }
        self = read
    }

    private enum Key: String, CodingKey {
        case participant
        case room
        case stream
        case session
        case recipient
        case reason
        case interval
        case id
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func bytes(_ key: Key) throws -> [UInt8]? {
            try container.decodeIfPresent(String.self, forKey: key).flatMap(Hexadecimal.decode)
        }
        func hash(_ key: Key) throws -> MerkleHash? { try bytes(key).flatMap { MerkleHash(bytes: $0) } }
        participant = try hash(.participant)
        room = try hash(.room)
        stream = try hash(.stream)
        session = try hash(.session)
        recipient = try hash(.recipient)
        reason = try hash(.reason)
        name = try bytes(.interval) ?? bytes(.id)
    }
}
