import Crypto
import Foundation
import Primitives
import Testing

@testable import ConsentReceipts

/// Receipts and keys that are the same in every run.
enum ReceiptFixtures {
    static let notice = ConsentReceipt.Notice(
        id: "studio-notice",
        version: "3",
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        url: "https://relay.example/v1/notices/studio-notice/3"
    )
    static let controller = ConsentReceipt.Controller(
        id: "https://relay.example/",
        name: "Sender Mögglingen e.V.",
        address: "Hauptstraße 1, 73563 Mögglingen",
        contact: "Data protection officer",
        email: "privacy@relay.example"
    )

    /// A key made of one byte, so that tests can have as many different ones as they need.
    static func keys(_ byte: UInt8 = 7) throws -> ReceiptKeys {
        try ReceiptKeys(
            signing: Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: byte, count: 32))
        )
    }

    static func time(_ text: String) throws -> ReceiptTime { try #require(ReceiptTime(text)) }

    static func grant(
        _ purpose: ReceiptPurpose,
        to recipient: ConsentReceipt.Recipient
    ) -> ConsentReceipt.Grant {
        ConsentReceipt.Grant(
            purpose: purpose,
            data: [.audio, .video],
            recipient: recipient,
            notice: notice,
            language: "en",
            retentionPeriod: "PT0S",
            storageLocations: [],
            jurisdiction: "DE",
            withdrawalMethod: "https://relay.example/rooms/studio",
            scope: ConsentReceipt.Scope(room: "studio")
        )
    }

    /// The grant that a page gives by default, which is the smallest receipt that is handed out.
    static func small(_ state: ReceiptState = .given) throws -> ConsentReceipt {
        ConsentReceipt(
            receiptID: try #require(UUID(uuidString: "0b1c5a5e-6f3e-4a55-9d5b-6d0f7a3c2e10")),
            recordID: try #require(UUID(uuidString: "4f2a9a4e-1d1c-4a77-8f0b-2f4f3f0f9d21")),
            principalID: "p-51",
            controller: controller,
            grants: [grant(.liveRoom, to: .init(.roomViewer))],
            events: [
                ConsentReceipt.Event(
                    time: try time("2026-03-01T09:30:00.000000001Z"),
                    entityID: "p-51",
                    state: state,
                    sequence: 12,
                    method: .page
                )
            ]
        )
    }

    /// Every field that there is, two grants, and a withdrawal after a bounded consent.
    static func full() throws -> ConsentReceipt {
        var receipt = try small()
        receipt.controller.phone = "+49 7174 0"
        receipt.controller.url = "https://relay.example/about"
        var embed = grant(.liveEmbed, to: .init(.embedPartner, id: "embed:https://site.example"))
        embed.data = [.audio, .video, .displayName]
        embed.geographicRestrictions = ["EU", "CH"]
        var recording = grant(.recording, to: .init(.recorder, id: "archive"))
        recording.retentionPeriod = "P1Y6M"
        recording.storageLocations = ["DE", "US-CA"]
        recording.scope = ConsentReceipt.Scope(room: "studio", session: "s-9", stream: "camera")
        receipt.grants = [embed, recording]
        let given = try time("2026-03-01T09:30:00.000000001Z")
        let until = try time("2026-04-01T00:00:00.000000000Z")
        receipt.events = [
            ConsentReceipt.Event(
                time: given,
                validity: ReceiptValidity(from: given, until: until),
                entityID: "p-51",
                state: .given,
                sequence: 12,
                method: .page
            ),
            ConsentReceipt.Event(
                time: try time("2026-03-02T10:00:00.500000000Z"),
                entityID: "operator: night desk",
                type: .expressed,
                state: .revoked,
                sequence: 31,
                method: .api
            ),
        ]
        receipt.checkpoint = ConsentReceipt.Checkpoint(
            origin: "relay.example/disclosures",
            size: 4711,
            root: "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
        )
        return receipt
    }

    /// What a form signs, read without checking anything.
    static func document(_ bytes: [UInt8], _ form: ReceiptForm) throws -> JSONValue {
        switch form {
        case .record, .kantara:
            let parts = String(decoding: bytes, as: UTF8.self).split(separator: ".")
            let payload = try #require(parts.dropFirst().first)
            return try JSONReader.read(try #require(Base64URLText.decode(payload)))
        case .dpv: return try JSONReader.read(bytes)
        case .vcon:
            let payload = try #require(try JSONReader.read(bytes)["payload"]?.text)
            return try JSONReader.read(try #require(Base64URLText.decode(payload)))
        }
    }

    /// The refusal of some bytes, or a failed test.
    static func refusal(
        of bytes: [UInt8],
        by keys: PublishedReceiptKeys,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ReceiptRefusal {
        try #require(throws: ReceiptRefusal.self, sourceLocation: sourceLocation) { try keys.verify(bytes) }
    }
}
