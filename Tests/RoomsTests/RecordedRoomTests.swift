import Disclosures
import Testing

@Suite("Whom a recorder captures")
struct RecordedRoomTests {
    @Test func onlyThoseWhoHaveAgreed() throws {
        let room = try RecordedRoom(.perStream)
        try room.goOnAir("ada")
        try room.goOnAir("bo")
        #expect(try room.speak() == [])
        #expect(try room.say(.given, "ada"))
        #expect(try room.speak() == ["ada"])
        #expect(try room.say(.refused, "bo"))
        #expect(try room.speak() == ["ada"])
        #expect(try room.say(.withdrawn, "ada"))
        #expect(try room.speak() == [])
        #expect(room.sink.violations.isEmpty)
    }

    @Test func nobodyInAnAllPartyRoomUntilEverybodyHasAgreed() throws {
        let room = try RecordedRoom(.allParty)
        try room.goOnAir("ada")
        try room.goOnAir("bo")
        #expect(try room.say(.given, "ada"))
        #expect(try room.speak() == [])
        #expect(try room.say(.given, "bo"))
        #expect(try room.speak() == ["ada", "bo"])
        try room.goOnAir("cy")
        #expect(try room.speak() == [], "who is new on air has to agree too")
        #expect(try room.say(.given, "cy"))
        #expect(try room.speak() == ["ada", "bo", "cy"])
        #expect(try room.say(.withdrawn, "bo"))
        #expect(try room.speak() == [], "one is enough")
        #expect(room.sink.violations.isEmpty)
    }
}
