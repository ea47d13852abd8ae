import ICELite
import Primitives
import Testing

struct ICELiteAgentTests {
    var agent = ICELiteAgent(local: server, remoteUfrag: "peer")
    var peer = CheckingPeer(server: server, ufrag: "peer")
    var response: [UInt8] = []

    mutating func receive(
        _ bytes: [UInt8],
        from remote: SocketAddress = alice,
        to local: SocketAddress = relay,
        at now: MonotonicTime = seconds(0)
    ) -> ICEOutcome {
        let outcome = agent.receive(bytes.span.bytes, from: remote, to: local, now: now, response: &response)
        agent.checkInvariants()
        if case .drop = outcome { #expect(response.isEmpty) } else { #expect(!response.isEmpty) }
        return outcome
    }

    @Test mutating func answersValidCheckWithMappedAddress() throws {
        for remote in [alice, try #require(SocketAddress(host: "2001:db8::7", port: 9))] {
            let check = peer.check()
            let pair = ICEPair(remote: remote, local: relay)
            #expect(receive(check, from: remote) == .respond(pair, selectionChanged: false))
            let message = try #require(STUNMessage(bytes: response))
            #expect(message.messageClass == .success)
            #expect(message.xorMappedAddress == remote)
            #expect(message.transactionID == STUNMessage(bytes: check)?.transactionID)
            #expect(message.hasIntegrity(in: response, password: Array(server.password.utf8)))
            #expect(message.hasFingerprint(in: response))
            #expect(agent.isValidated(remote: remote, local: relay, now: seconds(1)))
        }
        #expect(agent.selected == nil, "only USE-CANDIDATE selects")
        #expect(!agent.isLive(now: seconds(1)))
    }

    static let strangers: [(ICEDropReason, @Sendable (inout CheckingPeer.Options) -> Void)] = [
        (.noFingerprint, { $0.hasFingerprint = false }),
        (.noUsername, { $0.hasUsername = false }),
        (.noIntegrity, { $0.hasIntegrity = false }),
        (.badIntegrity, { $0.password = "abcdefghijklmnopqrstuvwX" }),
        (.badIntegrity, { $0.password = "" }),
        (.unknownUsername, { $0.username = "\(server.ufrag):stranger" }),
        (.unknownUsername, { $0.username = "\(server.ufrag):peerX" }),
        (.unknownUsername, { $0.username = "\(server.ufrag):pee" }),
        (.unknownUsername, { $0.username = "peer:\(server.ufrag)" }),
        (.unknownUsername, { $0.username = server.ufrag }),
        (.notABindingRequest, { $0.messageClass = .indication }),
        (.notABindingRequest, { $0.messageClass = .success }),
        (.notABindingRequest, { $0.messageClass = .error }),
        // Unknown attributes and role conflicts are no way to get an answer without the password.
        (
            .badIntegrity,
            {
                $0.unknown = [0x7001]
                $0.password = "wrong"
            }
        ),
        (
            .badIntegrity,
            {
                $0.controlled = true
                $0.password = "wrong"
            }
        ),
    ]

    @Test(arguments: strangers.indices)
    mutating func givesStrangersNoByteAndNoState(_ index: Int) {
        let (reason, change) = Self.strangers[index]
        var bytesOut = 0
        for port in 0..<100 {
            let check = peer.check {
                $0.useCandidate = true
                change(&$0)
            }
            let outcome = receive(check, from: bob.with(port: UInt16(1_000 + port)))
            #expect(outcome == .drop(reason))
            bytesOut += response.count
        }
        #expect(bytesOut == 0)
        #expect(agent.validatedPairCount == 0)
        #expect(agent.selected == nil)
    }

    @Test mutating func dropsWhatIsNotOneWholeMessage() {
        var damaged = peer.check()
        damaged[damaged.count - 1] ^= 1
        #expect(receive(damaged) == .drop(.badFingerprint))
        #expect(receive([]) == .drop(.malformed))
        #expect(receive([UInt8](repeating: 0, count: 20)) == .drop(.malformed))
        #expect(receive(peer.check() + [0]) == .drop(.malformed))
        #expect(receive(Array(peer.check().dropLast(4))) == .drop(.malformed))
    }

    @Test mutating func ignoresWhatFollowsIntegrity() throws {
        var writer = STUNWriter(.request, transactionID: STUNTransactionID(high: 1, low: 2))
        writer.addUsername(Array("\(server.ufrag):peer".utf8))
        writer.addMessageIntegrity(password: server.password.utf8)
        writer.addUseCandidate()
        writer.addICEControlled(tieBreaker: 1)
        writer.addAttribute(0x7001, [])
        writer.addFingerprint()
        #expect(
            receive(writer.bytes)
                == .respond(ICEPair(remote: alice, local: relay), selectionChanged: false)
        )
    }

    @Test mutating func refusesUnknownAttributesOnceAuthenticated() throws {
        #expect(receive(peer.check { $0.unknown = [0x7001, 0x7002, 0xC057] }) == .refuse(errorCode: 420))
        let message = try #require(STUNMessage(bytes: response))
        #expect(message.messageClass == .error)
        #expect(message.errorCode == 420)
        #expect(message.hasIntegrity(in: response, password: Array(server.password.utf8)))
        #expect(message.hasFingerprint(in: response))
        #expect(response.contains(subsequence: [0x00, 0x0A, 0x00, 0x04, 0x70, 0x01, 0x70, 0x02]))
        #expect(agent.validatedPairCount == 0)
        // Those that need no comprehension, such as a browser's GOOG-NETWORK-INFO, are passed over.
        #expect(
            receive(peer.check { $0.unknown = [0xC057] })
                == .respond(ICEPair(remote: alice, local: relay), selectionChanged: false)
        )
    }

    @Test mutating func tellsControlledPeerToSwitchRoles() throws {
        let check = peer.check {
            $0.controlling = false
            $0.controlled = true
            $0.useCandidate = true
        }
        #expect(receive(check) == .refuse(errorCode: 487))
        #expect(try #require(STUNMessage(bytes: response)).errorCode == 487)
        #expect(agent.validatedPairCount == 0)
        #expect(agent.selected == nil)
    }

    /// Where we made the offer: who claims our role is told to yield, and no check of the peer's makes a path.
    @Test mutating func answersAsControllingAgentWithoutFollowingThePeersChecks() throws {
        agent = ICELiteAgent(local: server, remoteUfrag: "peer", isControlling: true)
        let pair = ICEPair(remote: alice, local: relay)
        let rival = peer.check { $0.useCandidate = true }
        #expect(receive(rival) == .refuse(errorCode: 487))
        let check = peer.check {
            $0.controlling = false
            $0.controlled = true
            $0.useCandidate = true
        }
        #expect(receive(check) == .respond(pair, selectionChanged: false))
        #expect(agent.selected == nil)
        #expect(!agent.isValidated(remote: alice, local: relay, now: seconds(0)))

        let other = ICEPair(remote: bob, local: relay)
        agent.noteAnswer(on: other, selects: false, now: seconds(0))
        #expect(agent.selected == nil)
        #expect(agent.isValidated(remote: bob, local: relay, now: seconds(1)))
        agent.noteAnswer(on: pair, selects: true, now: seconds(0))
        #expect(agent.selected == pair)
        // Checks of the peer's keep nothing alive.
        _ = receive(check, at: seconds(20))
        #expect(agent.isLive(now: seconds(29.9)))
        #expect(!agent.isLive(now: seconds(30)))
    }

    @Test mutating func takesRequestWithoutRoleAsControlling() {
        let check = peer.check {
            $0.controlling = false
            $0.useCandidate = true
        }
        #expect(receive(check) == .respond(ICEPair(remote: alice, local: relay), selectionChanged: true))
        #expect(agent.isLive(now: seconds(1)))
    }

    @Test mutating func selectionMovesOnlyByNomination() {
        let first = ICEPair(remote: alice, local: relay)
        let second = ICEPair(remote: bob, local: relay)
        #expect(receive(peer.check { $0.useCandidate = true }) == .respond(first, selectionChanged: true))
        #expect(receive(peer.check { $0.useCandidate = true }) == .respond(first, selectionChanged: false))
        #expect(receive(peer.check(), from: bob) == .respond(second, selectionChanged: false))
        #expect(agent.selected == first)
        #expect(
            receive(peer.check { $0.useCandidate = true }, from: bob)
                == .respond(second, selectionChanged: true)
        )
        #expect(agent.selected == second)
        // The same peer asking another of our addresses is another path.
        let third = ICEPair(remote: bob, local: relay.with(port: 7_001))
        #expect(
            receive(peer.check { $0.useCandidate = true }, from: bob, to: third.local)
                == .respond(third, selectionChanged: true)
        )
    }

    @Test mutating func pairDiesThirtySecondsAfterItsLastCheck() {
        _ = receive(peer.check { $0.useCandidate = true }, at: seconds(0))
        #expect(agent.isLive(now: seconds(29.999)))
        #expect(!agent.isLive(now: seconds(30)))
        #expect(!agent.isValidated(remote: alice, local: relay, now: seconds(30)))
        #expect(agent.livenessDeadline == seconds(30))
        // Another path's checks keep nothing alive but themselves.
        _ = receive(peer.check(), from: bob, at: seconds(29))
        #expect(!agent.isLive(now: seconds(30)))
        // Nor do checks that are not valid.
        _ = receive(peer.check { $0.password = "wrong" }, at: seconds(29))
        #expect(!agent.isLive(now: seconds(30)))
        _ = receive(peer.check(), at: seconds(40))
        #expect(agent.isLive(now: seconds(69)), "a valid check revives the selected path")
    }

    @Test mutating func remembersBoundedNumberOfPairsAndNeverForgetsSelected() {
        _ = receive(peer.check { $0.useCandidate = true }, at: seconds(0))
        for index in 0..<100 {
            _ = receive(
                peer.check(),
                from: bob.with(port: UInt16(2_000 + index)),
                at: seconds(1 + Double(index) / 10)
            )
        }
        #expect(agent.validatedPairCount == ICELiteAgent.maximumValidatedPairs)
        #expect(agent.isValidated(remote: alice, local: relay, now: seconds(12)))
        #expect(agent.isValidated(remote: bob.with(port: 2_099), local: relay, now: seconds(12)))
        #expect(!agent.isValidated(remote: bob.with(port: 2_000), local: relay, now: seconds(12)))
    }

    @Test mutating func restartKeepsOldPathUntilNewOneIsNominated() {
        let fresh = ICECredentials(ufrag: "L2newnewne", password: "zyxwvutsrqponmlkjihgfedc")
        var freshPeer = CheckingPeer(server: fresh, ufrag: "peer2", random: SeededRandom(seed: 2))
        _ = receive(peer.check { $0.useCandidate = true })
        agent.restart(local: fresh, remoteUfrag: "peer2")
        #expect(agent.isRestarting)

        let old = ICEPair(remote: alice, local: relay)
        #expect(receive(peer.check(), at: seconds(20)) == .respond(old, selectionChanged: false))
        #expect(agent.isLive(now: seconds(45)), "a restart that nobody follows costs nothing")

        let new = ICEPair(remote: bob, local: relay)
        #expect(
            receive(freshPeer.check(), from: bob, at: seconds(21)) == .respond(new, selectionChanged: false)
        )
        #expect(agent.selected == old)
        #expect(agent.isRestarting)

        let nomination = freshPeer.check { $0.useCandidate = true }
        #expect(receive(nomination, from: bob, at: seconds(22)) == .respond(new, selectionChanged: true))
        #expect(!agent.isRestarting)
        #expect(receive(peer.check(), at: seconds(23)) == .drop(.unknownUsername))
        #expect(!agent.isValidated(remote: alice, local: relay, now: seconds(23)))
        #expect(agent.isLive(now: seconds(50)))
    }

    @Test mutating func mixedCredentialsOfRestartAreRefused() {
        let fresh = ICECredentials(ufrag: "L2newnewne", password: "zyxwvutsrqponmlkjihgfedc")
        agent.restart(local: fresh, remoteUfrag: "peer2")
        for (username, password) in [
            ("\(fresh.ufrag):peer2", server.password), ("\(server.ufrag):peer", fresh.password),
        ] {
            let check = peer.check {
                $0.username = username
                $0.password = password
            }
            #expect(receive(check) == .drop(.badIntegrity))
        }
        let crossed = peer.check { $0.username = "\(fresh.ufrag):peer" }
        #expect(receive(crossed) == .drop(.unknownUsername))
    }

    @Test mutating func secondRestartReplacesUnfinishedOne() {
        let first = ICECredentials(ufrag: "L2first000", password: "firstfirstfirstfirstfirs")
        let second = ICECredentials(ufrag: "L2second00", password: "secondsecondsecondsecond")
        _ = receive(peer.check { $0.useCandidate = true })
        agent.restart(local: first, remoteUfrag: "one1")
        var firstPeer = CheckingPeer(server: first, ufrag: "one1")
        _ = receive(firstPeer.check())
        _ = receive(firstPeer.check(), from: bob)
        agent.restart(local: second, remoteUfrag: "two2")
        agent.checkInvariants()
        #expect(agent.isLive(now: seconds(1)))
        #expect(!agent.isValidated(remote: bob, local: relay, now: seconds(1)))
        #expect(receive(firstPeer.check()) == .drop(.unknownUsername))
        var secondPeer = CheckingPeer(server: second, ufrag: "two2")
        #expect(
            receive(secondPeer.check { $0.useCandidate = true })
                == .respond(ICEPair(remote: alice, local: relay), selectionChanged: false)
        )
        #expect(!agent.isRestarting)
        #expect(agent.isLive(now: seconds(1)))
    }

    @Test mutating func findsOwnUfragWithoutAuthentication() throws {
        func ufrag(_ bytes: [UInt8]) -> [UInt8]? {
            STUNMessage.localUfrag(of: bytes.span.bytes)?.withUnsafeBytes { Array($0) }
        }
        #expect(ufrag(peer.check { $0.password = "whatever" }) == Array(server.ufrag.utf8))
        #expect(ufrag(peer.check { $0.hasUsername = false }) == nil)
        #expect(ufrag(peer.check { $0.username = "nocolon" }) == nil)
        #expect(ufrag(peer.check { $0.username = ":peer" }) == nil)
        #expect(ufrag(peer.check { $0.messageClass = .success }) == nil)
        #expect(ufrag([]) == nil)
        let whole = peer.check()
        for count in 0..<whole.count {
            if let found = ufrag(Array(whole[0..<count])) { #expect(found == Array(server.ufrag.utf8)) }
        }
    }
}

extension [UInt8] {
    func contains(subsequence: [UInt8]) -> Bool {
        guard count >= subsequence.count else { return false }
        return (0...(count - subsequence.count)).contains {
            Array(self[$0..<($0 + subsequence.count)]) == subsequence
        }
    }
}
