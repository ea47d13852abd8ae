import Foundation
import GRDB
import LedgerStore
import Testing

@Suite
struct NoticeTextTests {
    let ledger: LedgerFixture

    init() throws { ledger = try LedgerFixture() }

    @Test func keepsTheWordsOfANoticeUnderTheirDigest() async throws {
        let text = NoticeText(language: "en", text: "abc")
        #expect(text.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let store = try await ledger.open()
        #expect(try await store.noticeText(sha256: text.sha256) == nil)
        try await store.store(text)
        try await store.store(text)
        #expect(try await store.noticeText(sha256: text.sha256) == text)
        let other = try DatabaseQueue(path: ledger.path)
        for sql in [
            "UPDATE notice_text SET text = 'x'", "DELETE FROM notice_text",
            "UPDATE principal SET participant = 'x'", "DELETE FROM principal",
        ] {
            try await store.append([], room: ledger.room)
            #expect(throws: DatabaseError.self, "\(sql)") {
                try other.write { connection in
                    try connection.execute(
                        sql: "INSERT OR IGNORE INTO principal (participant) VALUES ('eve')"
                    )
                    try connection.execute(sql: sql)
                }
            }
        }
        try await other.write { connection in
            try connection.execute(sql: "DROP TRIGGER notice_text_is_never_updated")
            try connection.execute(sql: "UPDATE notice_text SET text = 'other words'")
        }
        let error = await ledgerError { () async throws(LedgerError) in
            _ = try await store.noticeText(sha256: text.sha256)
        }
        #expect(error?.isUnusable == true)
    }
}
