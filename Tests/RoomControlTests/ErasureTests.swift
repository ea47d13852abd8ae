import Disclosures
import Foundation
import LedgerStore
import Primitives
import RoomControl
import Synchronization
import Testing
import TransparencyLogs

/// An erasure from the request to the certificate, over the real ledger.
@Suite struct ErasureTests {
    private let fixture: RelayFixture

    init() throws { fixture = try RelayFixture() }

    private func certificate(_ answer: ErasureAnswer?) throws -> [String: Any] {
        try #require(try members(answer?.json ?? "")["certificate"] as? [String: Any])
    }

    @Test func whatIsErasedStandsNowhereAndTheCertificateProvesIt() async throws {
        let keeper = StandInKeeper()
        try await fixture.run(keepers: [keeper]) { control, store in
            let ada = fixture.ada
            try await fixture.grant(control)
            try await fixture.disclose(1, store)
            try await control.correct(
                DisplayCorrection(displayName: "Countess", fields: ["full_name": "Augusta Ada King"]),
                of: ada,
                in: fixture.room
            )
            #expect(try !fixture.files(with: ada.text).isEmpty)
            let answer = try await control.requestErasure(of: ada, byOperator: false)
            #expect(answer.isDone)
            let certificate = try certificate(answer)
            #expect(certificate["disclosures"] as? Int == 1)
            let statement = Array(try #require(certificate["statement"] as? String).utf8)
            let proof = try LogProof(parsing: Array(try #require(certificate["proof"] as? String).utf8))
            let key = try #require((certificate["verifier_key"] as? String).flatMap { VerifierKey(text: $0) })
            #expect(try proof.verified(entry: statement, key: key) != nil)
            let salt = try #require((certificate["salt"] as? String).flatMap { Hexadecimal.decode($0) })
            let commitment = CommitmentDomain.participant.commitment(to: ada.text, salt: salt)
            #expect(String(decoding: statement, as: UTF8.self).contains(commitment.hexadecimal))

            #expect(try fixture.files(with: ada.text) == [])
            #expect(keeper.erased.withLock { $0 } == [ada])
            let standing = try await control.standing(of: ada)
            #expect(!standing.isKnown && standing.erasedAt != nil)
            let overview = try await control.consents(fixture.room, ada)
            #expect(overview.audiences.allSatisfy { $0.consent == ConsentState.unknown.rawValue })
            #expect(try await control.displayFields(of: ada, in: fixture.room) == ParticipantProfile())
            // Asking again changes nothing.
            let leaves = try await store.leafCount()
            let again = try await control.requestErasure(of: ada, byOperator: true)
            #expect(again.isDone && again.json == answer.json)
            #expect(try await store.leafCount() == leaves)
        }
        #expect(try fixture.files(with: fixture.ada.text) == [])
    }

    @Test func whatIsInMemoryAfterwardsIsWhatTheLogSays() async throws {
        try await fixture.run { control, store in
            let child = try #require(ParticipantID("child"))
            let status = PrincipalStatus(participant: child, ageBand: .under13, guardian: fixture.ada.text)
            _ = try await control.govern(fixture.room, by: .principal(status), ifEpoch: nil)
            try await fixture.grant(control)
            try await fixture.grant(control, of: child)
            let before = try await store.read(room: fixture.room, after: 0)
            _ = try await control.requestErasure(of: fixture.ada, byOperator: false)
            var forgotten = RoomConsent(folding: try await events(since: before, store))
            forgotten.forget(fixture.ada)
            let log = try await store.read(room: fixture.room, after: 0)
            #expect(RoomConsent(folding: log).status(of: child).guardian == nil)
            #expect(forgotten == RoomConsent(folding: log))
            let governed = try await control.governance(of: child, in: fixture.room)
            #expect(governed.status.guardian == nil)
        }
    }

    /// `before` and the events behind it, as far as they still say something.
    private func events(
        since before: [ConsentEvent],
        _ store: SQLiteLedgerStore
    ) async throws -> [ConsentEvent] {
        before + (try await store.read(room: fixture.room, after: before.last?.sequence ?? 0))
    }

    @Test func aHoldKeepsAnErasureWaitingAndItIsMadeWhenTheHoldIsLifted() async throws {
        try await fixture.run { control, store in
            try await fixture.grant(control)
            try await fixture.disclose(1, store)
            try await fixture.hold(control)
            let answer = try await control.requestErasure(of: fixture.ada, byOperator: false)
            #expect(!answer.isDone)
            #expect(try members(answer.json)["held_in"] as? [String] == [fixture.room.text])
            // What narrows does not wait.
            let overview = try await control.consents(fixture.room, fixture.ada)
            #expect(overview.audiences.contains { $0.consent == ConsentState.withdrawn.rawValue })
            await #expect(throws: RelayProblem.self) { try await fixture.grant(control) }
            #expect(try await store.accounting(of: fixture.ada).disclosures.count == 1)
            try await fixture.hold(control, lifted: true)
            try await fixture.until { try await control.erasure(of: fixture.ada)?.isDone == true }
            #expect(try fixture.files(with: fixture.ada.text) == [])
            // Whoever comes with that identifier now is somebody new.
            try await fixture.until {
                do {
                    try await fixture.grant(control)
                    return true
                } catch { return false }
            }
            #expect(try await store.accounting(of: fixture.ada).disclosures.isEmpty)
        }
    }

    @Test func anErasureThatWaitsOutlivesTheRelay() async throws {
        try await fixture.run { control, store in
            try await fixture.disclose(1, store)
            try await fixture.hold(control)
            #expect(try await !control.requestErasure(of: fixture.ada, byOperator: true).isDone)
        }
        try await fixture.run { control, _ in
            #expect(try await control.erasure(of: fixture.ada)?.isDone == false)
            try await fixture.hold(control, lifted: true)
            try await fixture.until { try await control.erasure(of: fixture.ada)?.isDone == true }
        }
    }

    @Test func whoeverElseKeepsDataHasToForgetFirst() async throws {
        let keeper = StandInKeeper(failures: 1)
        try await fixture.run(keepers: [keeper]) { control, store in
            try await fixture.disclose(1, store)
            #expect(try await !control.requestErasure(of: fixture.ada, byOperator: false).isDone)
            #expect(try await control.standing(of: fixture.ada).isKnown)
            try await fixture.until { try await control.erasure(of: fixture.ada)?.isDone == true }
            #expect(keeper.erased.withLock { $0 } == [fixture.ada])
        }
    }

    @Test func whoWasErasedStaysThatWhileSomebodyNewWaitsToBeErased() async throws {
        try await fixture.run { control, store in
            try await fixture.disclose(1, store)
            _ = try await control.requestErasure(of: fixture.ada, byOperator: false)
            let first = try #require(try await control.standing(of: fixture.ada).erasedAt)
            try await fixture.disclose(2, store)
            try await fixture.hold(control)
            #expect(try await !control.requestErasure(of: fixture.ada, byOperator: false).isDone)
            let standing = try await control.standing(of: fixture.ada)
            #expect(standing == RightsStanding(isKnown: true, erasedAt: first))
        }
    }

    @Test func nothingIsWrittenAboutWhoWasErasedUntilSomebodyComesWithTheIdentifier() async throws {
        try await fixture.run { control, store in
            try await fixture.grant(control)
            _ = try await control.requestErasure(of: fixture.ada, byOperator: false)
            let demand = LegalDemand(
                id: "d1",
                participant: fixture.ada,
                authority: "court",
                basis: "article 1",
                purposes: [.recording],
                media: [.video],
                validity: ValidityWindow(),
                approvals: ["one", "two"]
            )
            let contents: [ConsentEvent.Content] = [
                .principal(PrincipalStatus(participant: fixture.ada, ageBand: .adult)),
                .hold(ProcessingHold(id: "h1", participant: fixture.ada, reason: "dispute")),
                .hold(ProcessingHold(id: "h1", participant: fixture.ada, reason: "dispute", isLifted: true)),
                .demand(demand),
            ]
            for content in contents {
                await #expect(throws: RelayProblem.erased) {
                    _ = try await control.govern(fixture.room, by: content, ifEpoch: nil)
                }
            }
            #expect(try fixture.files(with: fixture.ada.text) == [])
            try await fixture.grant(control)
            for content in contents { _ = try await control.govern(fixture.room, by: content, ifEpoch: nil) }
        }
    }

    @Test func whatWasWrittenAboutWhoWasErasedMakesNobodyKnownAndIsErasedWhenTheyAsk() async throws {
        try await fixture.run { control, store in
            try await fixture.grant(control)
            _ = try await control.requestErasure(of: fixture.ada, byOperator: false)
            // As a program that did not refuse it would have.
            let elsewhere = try #require(RoomName("elsewhere"))
            let status = PrincipalStatus(participant: fixture.ada, ageBand: .adult)
            let now = fixture.now()
            try await store.append(
                [ConsentEvent(sequence: 1, time: now, content: .principal(status))],
                room: elsewhere
            )
            #expect(try !fixture.files(with: fixture.ada.text).isEmpty)
            #expect(try await !control.standing(of: fixture.ada).isKnown)
            #expect(try await control.requestErasure(of: fixture.ada, byOperator: false).isDone)
            #expect(try fixture.files(with: fixture.ada.text) == [])
        }
    }

    @Test func aGuardiansNameGoesWithTheLastChildThatTheyAnswerFor() async throws {
        try await fixture.run { control, store in
            let sister = try #require(ParticipantID("sister"))
            for child in [fixture.ada, sister] {
                let status = PrincipalStatus(participant: child, ageBand: .under13, guardian: "Lady Byron")
                _ = try await control.govern(fixture.room, by: .principal(status), ifEpoch: nil)
            }
            _ = try await control.requestErasure(of: fixture.ada, byOperator: false)
            #expect(try !fixture.files(with: "Lady Byron").isEmpty)
            let governed = try await control.governance(of: sister, in: fixture.room)
            #expect(governed.status.guardian == "Lady Byron")
            _ = try await control.requestErasure(of: sister, byOperator: false)
            #expect(try fixture.files(with: "Lady Byron") == [])
        }
    }

    @Test func oneIdentifierCanBeErasedAgain() async throws {
        try await fixture.run { control, store in
            try await fixture.disclose(1, store)
            let first = try await control.requestErasure(of: fixture.ada, byOperator: false)
            try await fixture.disclose(2, store)
            try await fixture.disclose(3, store)
            let second = try await control.requestErasure(of: fixture.ada, byOperator: false)
            #expect(try certificate(first)["disclosures"] as? Int == 1)
            #expect(try certificate(second)["disclosures"] as? Int == 2)
        }
    }
}
