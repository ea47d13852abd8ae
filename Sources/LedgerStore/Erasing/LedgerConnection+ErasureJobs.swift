import GRDB
import Primitives

extension LedgerConnection {
    func requestErasure(
        _ person: String,
        by requester: ErasureJob.Requester,
        at time: WallClockTime
    ) throws(LedgerError) {
        try transaction("request of an erasure") { _, connection in
            try ErasureJobTable.request(person, by: requester, at: time, connection)
        }
    }

    /// Takes a person out of every event and every disclosure, unless a hold keeps something of them.
    ///
    /// Both in one transaction: a hold is there before the erasure, or comes too late for it. Answers whether the
    /// erasure is made.
    func carryOutErasure(_ person: String, at time: WallClockTime) throws(LedgerError) -> Bool {
        try transaction("erasure") { sequencer, connection in
            guard let job = try ErasureJobTable.find(person, connection) else { return false }
            guard job.leaf == nil else { return true }
            guard try ErasureJobTable.holdingRooms(of: person, connection).isEmpty else { return false }
            let guardians = try PrincipalTable.find(person, connection)
                .map { try PrincipalTable.guardians(onlyOf: $0, connection) }
            let erasure = try sequencer.use(connection) { try $0.erase(person, at: time, connection) }
            guard let erasure else { return false }
            for guardian in guardians ?? [] { _ = try PrincipalTable.erase(guardian, connection) }
            try ErasureJobTable.carriedOut(job.digest, erasure, connection)
            try connection.execute(sql: "REINDEX principal")
            return true
        }
    }

    func finishErasures(at time: WallClockTime) throws(LedgerError) {
        try transaction("end of an erasure") { _, connection in
            try ErasureJobTable.finish(at: time, connection)
        }
    }
}
