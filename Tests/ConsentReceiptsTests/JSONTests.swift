import Foundation
import Testing

@testable import ConsentReceipts

/// Reading and writing JSON so that its bytes can be signed.
@Suite struct JSONTests {
    private func canonical(_ text: String) throws -> String {
        String(decoding: try JSONReader.read(Array(text.utf8)).canonicalBytes, as: UTF8.self)
    }

    /// RFC 8785 3.2.2.
    @Test func serialisesStringsAndLiteralsAsTheStandardShows() throws {
        let input = #"""
            {
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#
        let output =
            #"{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        #expect(try canonical(input) == output)
    }

    /// RFC 8785 3.2.3: by UTF-16 code units, so a surrogate pair comes before U+FB33.
    @Test func sortsNamesAsTheStandardShows() throws {
        let input = #"""
            {
              "\u20ac": "Euro Sign",
              "\r": "Carriage Return",
              "\ufb33": "Hebrew Letter Dalet With Dagesh",
              "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face",
              "\u0080": "Control",
              "\u00f6": "Latin Small Letter O With Diaeresis"
            }
            """#
        let members = try #require(try JSONReader.read(Array(input.utf8)).members)
        #expect(members.count == 7)
        let order = [
            "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
            "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
        ]
        let output = try canonical(input)
        let positions = order.map { output.range(of: $0)?.lowerBound }
        #expect(!positions.contains(nil))
        #expect(positions.compactMap(\.self) == positions.compactMap(\.self).sorted())
    }

    /// RFC 8785 3.2.2, whose numbers receipts do not have.
    @Test(arguments: [
        "333333333.33333329", "1E30", "4.50", "2e-3", "0.000000000000000000000000001", "-0", "01", "-01",
        "9007199254740992", "-9007199254740992", "18446744073709551616", "+1", ".5", "1.", "NaN", "-", "- 1",
    ])
    func refusesNumbersThatAreNotExactIntegers(_ text: String) {
        #expect(throws: JSONFailure.self) { try canonical(text) }
    }

    @Test(arguments: ["0", "-1", "9007199254740991", "-9007199254740991"])
    func keepsExactIntegers(_ text: String) throws {
        #expect(try canonical(" \(text)\n") == text)
    }

    @Test(arguments: [
        #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"é":1,"é":2}"#, #"["\ud800"]"#, #"["\ud800\u0041"]"#,
        #"["\udc00"]"#, #"["\x41"]"#, "[\"\u{1}\"]", #"["a" "b"]"#, "[1,]", "{,}", #"{"a"}"#, #"{a:1}"#,
        "[1]]", "{} {}", "tru", "truE", "\u{FEFF}{}", "// no\n1", "['a']", #"["\u00e"]"#, "",
        String(repeating: "[", count: 18) + String(repeating: "]", count: 18),
    ])
    func refusesWhatTwoReadersCouldTakeForDifferentThings(_ text: String) {
        #expect(throws: JSONFailure.self) { try canonical(text) }
    }

    @Test func refusesBytesThatAreNotUTF8() {
        for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] {
            #expect(throws: JSONFailure.malformed("it is not UTF-8")) {
                try JSONReader.read(bytes.map { UInt8($0) })
            }
        }
    }

    @Test func saysOfEveryBeginningThatItIsCutOff() throws {
        let text = Array(#"{"a":[1,-2,"x\ud83d\ude00\n",true,null],"b":{}}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: JSONFailure.truncated, "\(length) bytes") {
                try JSONReader.read(Array(text.prefix(length)))
            }
        }
    }

    @Test func takesDeepNestingWithoutGoingDeep() {
        let bytes = [UInt8](repeating: UInt8(ascii: "["), count: 200_000)
        #expect(throws: JSONFailure.malformed("it nests deeper than 16 levels")) {
            try JSONReader.read(bytes)
        }
    }

    /// RFC 4648 3.5: a text with spare bits set would be a second text of the same bytes.
    @Test(arguments: ["QQ==", "QR", "Q", "Q Q", "QQ\n", "Q+", "Q/", "ä"])
    func takesOneBase64URLTextOnly(_ text: String) {
        #expect(Base64URLText.decode(text) == nil)
    }

    @Test func writesAndReadsBase64URL() {
        for length in 0..<70 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 251) }
            #expect(Base64URLText.decode(Base64URLText.encode(bytes)) == bytes)
        }
    }
}
