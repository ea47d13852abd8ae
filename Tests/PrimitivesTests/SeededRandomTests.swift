import Primitives
import Testing

@Suite struct SeededRandomTests {
    /// A seed and its first values.
    struct Vector {
        let seed: UInt64
        let values: [UInt64]
    }

    /// From an implementation of xoshiro256** and SplitMix64 of its own, checked on the authors' values.
    static let vectors = [
        Vector(
            seed: 0,
            values: [
                0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0, 0x6AA5_94F1_262D_2D2C,
            ]
        ),
        Vector(
            seed: 1_234_567,
            values: [
                0x30A3_A1C3_6360_0467, 0x1940_5F0F_5799_29CA, 0x115B_EAAC_046D_DBD9, 0xEB17_CAF4_8F27_D7F6,
            ]
        ),
        Vector(
            seed: .max,
            values: [
                0x8F55_20D5_2A7E_AD08, 0xC476_A018_CAA1_802D, 0x81DE_31C0_D260_469E, 0xBF65_8D7E_065F_3C2F,
            ]
        ),
    ]

    @Test(arguments: vectors)
    func aSeedMakesItsPublishedValues(_ vector: Vector) {
        var random = SeededRandom(seed: vector.seed)
        let values = vector.values.indices.map { _ in random.next() }
        #expect(values == vector.values)
    }

    @Test func aCopyGoesOnAsTheOriginalDoes() {
        var random = SeededRandom(seed: 9)
        _ = random.next()
        var copy = random
        for _ in 0..<100 {
            let (next, other) = (random.next(), copy.next())
            #expect(next == other)
        }
    }

    @Test func neighbouringSeedsHaveNothingInCommon() {
        var seen: Set<UInt64> = []
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            for _ in 0..<20 { seen.insert(random.next()) }
        }
        #expect(seen.count == 4_000)
    }
}
