import Disclosures
import LedgerStore
import Logging
import Primitives
import RelayRuntime

extension RelayControl {
    private static let tendingPause = Duration.seconds(2)
    private static let quietPause = Duration.milliseconds(20)
    /// How long rooms are waited for that have to write down what they know of somebody first.
    private static let quietMilliseconds: Int64 = 5_000

    package func requestErasure(
        of participant: ParticipantID,
        byOperator: Bool
    ) async throws(RelayProblem) -> ErasureAnswer {
        let requester: ErasureJob.Requester = byOperator ? .operator : .participant
        try await logged { () async throws(LedgerError) in
            try await records.requestErasure(of: participant, by: requester, at: SystemClock.wall)
        }
        await advanceErasure(of: participant)
        guard let answer = try await erasure(of: participant) else { throw LiveRoom.problem(.logUnavailable) }
        return answer
    }

    package func erasure(of participant: ParticipantID) async throws(RelayProblem) -> ErasureAnswer? {
        let job = try await logged { () async throws(LedgerError) in
            try await records.erasureJob(of: participant)
        }
        return job.map(RightsJSON.erasure)
    }

    /// Refuses what would record something new of somebody who is to be erased.
    func refuse(whileErasing participant: ParticipantID) throws(RelayProblem) {
        if erasures.waiting.contains(participant) { throw .erasurePending }
    }

    /// Refuses what would record something of somebody who is being erased at this moment; a hold may be lifted until
    /// then.
    func refuse(_ content: ConsentEvent.Content) throws(RelayProblem) {
        if let participant = content.subject.participant, erasures.closing.contains(participant) {
            throw .erasurePending
        }
    }

    /// A hold was lifted: what it has kept may go now.
    func holdChanged(_ content: ConsentEvent.Content) {
        guard case .hold(let hold) = content, hold.isLifted, erasures.waiting.contains(hold.participant)
        else {
            return
        }
        Task { await self.advanceErasure(of: hold.participant) }
    }

    /// Goes on with the erasures that an earlier process left, and with those that could not be finished.
    func tendErasures() async {
        var isTakenUp = false
        while !Task.isCancelled {
            do {
                if !isTakenUp {
                    erasures.waiting.formUnion(try await records.pendingErasures())
                    isTakenUp = true
                }
                for participant in erasures.waiting
                where try await records.holdingRooms(of: participant).isEmpty {
                    await advanceErasure(of: participant)
                }
            } catch {
                logger.error("erasures cannot go on", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.tendingPause)
        }
    }

    /// Takes an erasure as far as it can go now; those who ask at the same time wait for the same.
    private func advanceErasure(of participant: ParticipantID) async {
        if let running = erasures.running[participant] { return await running.value }
        let task = Task { await carryOutErasure(of: participant) }
        erasures.running[participant] = task
        await task.value
        erasures.running[participant] = nil
    }

    private func carryOutErasure(of participant: ParticipantID) async {
        do {
            guard let job = try await records.erasureJob(of: participant), case .pending = job.state else {
                erasures.waiting.remove(participant)
                return
            }
            erasures.waiting.insert(participant)
            // What narrows comes first, whatever becomes of the rest.
            _ = try await endEveryGrant(
                of: participant,
                by: job.requester == .operator ? .operatorByAPI : .participantByAPI,
                including: nil
            )
            for room in rooms.values { await room.bar(participant) }
            guard try await records.holdingRooms(of: participant).isEmpty else { return }
            erasures.closing.insert(participant)
            defer { erasures.closing.remove(participant) }
            guard
                await rooms.values.allQuiet(
                    about: participant,
                    pause: Self.quietPause,
                    Self.quietMilliseconds
                ),
                // One that was on its way when the others were looked at.
                try await records.holdingRooms(of: participant).isEmpty
            else { return }
            for room in rooms.values {
                guard await room.forget(participant) else { return }
            }
            for keeper in keepers { try await keeper.erase(participant) }
            guard try await records.carryOutErasure(of: participant, at: SystemClock.wall) else { return }
            erasures.waiting.remove(participant)
            for room in rooms.values { await room.readmit(participant) }
        } catch {
            logger.error("an erasure waits", metadata: ["error": "\(type(of: error))"])
        }
    }
}

/// The erasures that the control plane is at.
struct Erasures {
    /// Who is to be erased and has not been: no session, and no word of theirs, is taken.
    var waiting: Set<ParticipantID> = []
    /// Who is being erased now: nothing at all about them is taken.
    var closing: Set<ParticipantID> = []
    var running: [ParticipantID: Task<Void, Never>] = [:]
}

extension Collection<LiveRoom> where Self: Sendable {
    /// Waits until no room has anything about `participant` to write; false if that takes too long.
    fileprivate func allQuiet(
        about participant: ParticipantID,
        pause: Duration,
        _ milliseconds: Int64
    ) async -> Bool {
        let deadline = SystemClock.monotonic.advanced(byMilliseconds: milliseconds)
        for room in self {
            while await !room.isQuiet(about: participant) {
                guard SystemClock.monotonic < deadline else { return false }
                try? await Task.sleep(for: pause)
            }
        }
        return true
    }
}

extension RelayProblem {
    package static let erased = RelayProblem(
        "erased",
        status: 410,
        detail:
            "this participant was erased; a certificate of that is at /v1/participants/{participant}/erasure"
    )

    static let erasurePending = RelayProblem(
        "erasure-pending",
        status: 409,
        detail: "this participant is to be erased: nothing new is recorded of them until that is done",
        retryAfterSeconds: 2
    )
}
