import Primitives
import Testing

@testable import DTLSHandshakes

/// What the network does to a handshake, and what strangers do.
struct DTLSLossTests {
    @Test func clientHelloInSeveralDatagramsIsReassembled() throws {
        var conversation = Conversation(
            client: try makeIdentityWithLongClientHello(),
            server: try makeIdentity()
        )
        var answersBeforeWhole = 0
        conversation.run { direction, number, _ in
            if direction == .toClient, number == 0 { answersBeforeWhole += 1 }
            return .deliver
        }
        #expect(conversation.sent.prefix(2).allSatisfy { $0.direction == .toServer })
        #expect(conversation.serverKeys != nil)
        #expect(conversation.clientKeys != nil)
    }

    @Test func clientHelloFragmentsInReverseOrderAreReassembled() throws {
        var conversation = Conversation(
            client: try makeIdentityWithLongClientHello(),
            server: try makeIdentity()
        )
        conversation.run { direction, number, _ in
            direction == .toServer && number == 0 ? .delay(5) : .deliver
        }
        #expect(conversation.serverKeys != nil)
        #expect(conversation.clientKeys != nil)
        // No timer had to help: 45 ms, far below the first repetition.
        #expect(conversation.now.milliseconds(since: MonotonicTime(nanoseconds: 5_000_000_000)) == 45)
    }

    @Test func everyFragmentReversedStillSucceeds() throws {
        var conversation = Conversation(
            client: try makeIdentityWithLongClientHello(),
            server: try makeIdentity()
        )
        conversation.run { _, number, _ in .delay(Int64(number % 2 == 0 ? 5 : 0)) }
        #expect(conversation.serverKeys != nil)
        #expect(conversation.clientKeys != nil)
    }

    /// Which datagram of which direction is lost, and of what client.
    struct Loss: CustomStringConvertible {
        let direction: Conversation.Direction
        let number: Int
        let isLongHello: Bool

        var description: String { "\(direction) \(number)\(isLongHello ? " long" : "")" }
    }

    static let losses: [Loss] = [Conversation.Direction.toServer, .toClient].flatMap { direction in
        (0..<5).flatMap { number in
            [false, true].map { Loss(direction: direction, number: number, isLongHello: $0) }
        }
    }

    @Test(arguments: losses)
    func lossOfAnyDatagramIsRepaired(_ loss: Loss) throws {
        var conversation = Conversation(
            client: loss.isLongHello ? try makeIdentityWithLongClientHello() : try makeIdentity(),
            server: try makeIdentity()
        )
        conversation.run { direction, number, _ in
            direction == loss.direction && number == loss.number ? .drop : .deliver
        }
        let client = try #require(conversation.clientKeys)
        let server = try #require(conversation.serverKeys)
        #expect(client.localKey == server.remoteKey)
        #expect(conversation.now.milliseconds(since: MonotonicTime(nanoseconds: 5_000_000_000)) < 400)
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func heavyRandomLossIsRepaired(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var conversation = Conversation(
            client: try makeIdentityWithLongClientHello(),
            server: try makeIdentity()
        )
        conversation.run(forMilliseconds: 29_000) { _, _, _ in
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<3: .drop
            case 3: .duplicate
            case 4: .delay(Int64.random(in: 0...150, using: &random))
            default: .deliver
            }
        }
        #expect(conversation.clientKeys?.localKey == conversation.serverKeys?.remoteKey)
        #expect(conversation.clientKeys != nil)
    }

    @Test func duplicatesChangeNothing() throws {
        var conversation = Conversation(
            client: try makeIdentityWithLongClientHello(),
            server: try makeIdentity()
        )
        conversation.run { _, _, _ in .duplicate }
        #expect(conversation.clientKeys?.localKey == conversation.serverKeys?.remoteKey)
        #expect(conversation.clientKeys != nil)
    }

    @Test func garbageAndTruncatedRecordsAreDropped() throws {
        var random = SeededRandom(seed: 6_347)
        var conversation = Conversation(client: try makeIdentity(), server: try makeIdentity())
        conversation.run { _, _, bytes in
            var noise: [[UInt8]] = [
                [], [22], [0, 1, 2], [128, 200], Array(bytes.prefix(12)), Array(bytes.prefix(20)),
            ]
            noise.append([22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 255, 255] + Array(bytes.prefix(40)))
            // Of an epoch and a version that this handshake does not have.
            noise.append([22, 254, 253, 0, 7] + (0..<60).map { _ in .random(in: 0...255, using: &random) })
            noise.append([22, 1, 1, 0, 0] + (0..<60).map { _ in .random(in: 0...255, using: &random) })
            noise.append([60] + (0..<60).map { _ in .random(in: 0...255, using: &random) })
            return .precede(noise)
        }
        #expect(conversation.clientKeys != nil)
        #expect(conversation.serverKeys != nil)
    }

    @Test func randomDamageNeverCrashesNorMakesKeysOfDifferentKinds() throws {
        let (client, server) = (try makeIdentity(), try makeIdentity())
        for seed in 0..<150 {
            var random = SeededRandom(seed: UInt64(seed))
            var conversation = Conversation(client: client, server: server)
            conversation.run { _, _, bytes in
                guard Int.random(in: 0..<3, using: &random) == 0, !bytes.isEmpty else { return .deliver }
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    damaged[Int.random(in: 0..<damaged.count, using: &random)] = .random(
                        in: 0...255,
                        using: &random
                    )
                }
                return .replace(damaged)
            }
            if let client = conversation.clientKeys, let server = conversation.serverKeys {
                #expect(client.localKey == server.remoteKey)
            }
        }
    }

    @Test func silenceIsGivenUpAfterDoublingRepetitions() throws {
        var conversation = Conversation(client: try makeIdentity(), server: try makeIdentity())
        conversation.run(forMilliseconds: 60_000) { _, _, _ in .drop }
        #expect(conversation.client.status == .failed(.timedOut))
        #expect(conversation.server.status == .handshaking, "it has heard nobody, so nothing began")
        #expect(conversation.server.nextTimeout == nil)
        #expect((8...20).contains(conversation.sentCount(.toServer)))
        #expect(conversation.client.nextTimeout == nil)
    }

    @Test func serverGivesUpOnClientThatFallsSilent() throws {
        var conversation = Conversation(client: try makeIdentity(), server: try makeIdentity())
        conversation.run(forMilliseconds: 60_000) { direction, number, _ in
            direction == .toServer && number > 0 ? .drop : .deliver
        }
        #expect(conversation.server.status == .failed(.timedOut))
    }

    @Test func firstRepetitionComesAfterAHundredMilliseconds() throws {
        let client = DTLSHandshake(role: .client, identity: try makeIdentity(), remoteFingerprints: [])
        let start = MonotonicTime(nanoseconds: 0)
        client.start(now: start)
        #expect(client.nextOutgoingDatagram() != nil)
        #expect(client.nextOutgoingDatagram() == nil)
        #expect(client.nextTimeout == start.advanced(byMilliseconds: 100))
        client.handleTimeout(now: start.advanced(byMilliseconds: 99))
        #expect(client.nextOutgoingDatagram() == nil)
        client.handleTimeout(now: start.advanced(byMilliseconds: 100))
        #expect(client.nextOutgoingDatagram() != nil)
        #expect(client.nextTimeout == start.advanced(byMilliseconds: 300))
    }

    @Test func tooManyBytesOrDatagramsEndTheHandshake() throws {
        let identity = try makeIdentity()
        let now = MonotonicTime(nanoseconds: 1)
        for length in [1_200, 14] {
            let server = DTLSHandshake(
                role: .server,
                identity: identity,
                remoteFingerprints: [identity.fingerprint]
            )
            let junk = [22, 254, 253, 0, 9] + [UInt8](repeating: 0, count: length - 5)
            var received = 0
            while case .handshaking = server.status, received < 10_000 {
                server.receive(junk.span.bytes, now: now)
                received += 1
                #expect(server.nextOutgoingDatagram() == nil)
            }
            #expect(server.status == .failed(.tooMuchHandshakeData))
            #expect(received == min(257, 64 * 1024 / length + 1))
        }
    }

    @Test func serverSendsNothingBeforeAWholeClientHello() throws {
        var conversation = Conversation(
            client: try makeIdentityWithLongClientHello(),
            server: try makeIdentity()
        )
        conversation.run(forMilliseconds: 3_000) { direction, _, bytes in
            // Only fragments that begin the message arrive, however often they are repeated.
            let fragmentOffset = Int(bytes[19]) << 16 | Int(bytes[20]) << 8 | Int(bytes[21])
            return direction == .toServer && fragmentOffset > 0 ? .drop : .deliver
        }
        #expect(conversation.sentCount(.toServer) > 4)
        #expect(conversation.sentCount(.toClient) == 0)
    }

    @Test func plaintextAfterTheHandshakeIsIgnored() throws {
        var conversation = Conversation(client: try makeIdentity(), server: try makeIdentity())
        conversation.run()
        let keys = try #require(conversation.serverKeys)
        // A close_notify and a fatal alert that anyone could write.
        for alert: [UInt8] in [[1, 0], [2, 40]] {
            let record: [UInt8] = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2] + alert
            conversation.server.receive(record.span.bytes, now: conversation.now)
            let forged: [UInt8] = [21, 254, 253, 0, 1, 0, 0, 0, 0, 0, 99, 0, 2] + alert
            conversation.server.receive(forged.span.bytes, now: conversation.now)
        }
        #expect(conversation.server.status == .established(keys))
    }
}
