import Foundation
import Primitives
import Testing

@Suite struct IdentifierTests {
    private static let valid = [
        "a", "Z", "0", "room-1", "a.b_c-d", "9lives", String(repeating: "x", count: 64),
    ]
    private static let invalid = [
        "", "-a", "_a", ".a", "..", "a b", "a/b", "a%2e", "é", "a\u{0301}", "a\n", "a\0", "ａ", "a:b",
        String(repeating: "x", count: 65),
    ]

    @Test(arguments: valid)
    func takesNamesThatCanStandInURLs(_ text: String) throws {
        #expect(try #require(RoomName(text)).text == text)
        #expect(try #require(ParticipantID(text)).description == text)
    }

    @Test(arguments: invalid)
    func refusesOtherNames(_ text: String) {
        #expect(RoomName(text) == nil)
        #expect(ParticipantID(text) == nil)
    }

    @Test(arguments: valid)
    func aNameIsAStringInJSON(_ text: String) throws {
        let room = try #require(RoomName(text))
        let participant = try #require(ParticipantID(text))
        #expect(String(decoding: try JSONEncoder().encode([room]), as: UTF8.self) == "[\"\(text)\"]")
        #expect(String(decoding: try JSONEncoder().encode([participant]), as: UTF8.self) == "[\"\(text)\"]")
        #expect(try JSONDecoder().decode([RoomName].self, from: JSONEncoder().encode([room])) == [room])
        let participants = try JSONEncoder().encode([participant])
        #expect(try JSONDecoder().decode([ParticipantID].self, from: participants) == [participant])
    }

    @Test(arguments: invalid)
    func jsonWithAnInvalidNameIsRefused(_ text: String) throws {
        let json = try JSONEncoder().encode([text])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([RoomName].self, from: json) }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([ParticipantID].self, from: json) }
    }

    @Test func jsonOfAnotherKindIsRefused() {
        for json in ["[1]", "[null]", "[[]]", "[{}]"] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode([RoomName].self, from: Data(json.utf8))
            }
        }
    }

    @Test func numbersTellIdentifiersApart() {
        #expect(TrackID(1) != TrackID(2))
        #expect(AudienceID(7).rawValue == 7)
        #expect(Set([PeerID(1), PeerID(1), PeerID(.max)]).count == 2)
    }
}
