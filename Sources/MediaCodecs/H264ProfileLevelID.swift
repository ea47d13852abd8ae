/// The three bytes that name an H.264 stream's profile and level (RFC 6184 section 8.1).
package struct H264ProfileLevelID: Hashable, Sendable, CustomStringConvertible {
    /// profile_idc: 66 Baseline, 77 Main, 100 High.
    package var profile: UInt8
    /// profile-iop: constraint_set0_flag in the highest bit.
    package var constraints: UInt8
    /// level_idc: ten times the level.
    package var level: UInt8

    package init(profile: UInt8, constraints: UInt8, level: UInt8) {
        self.profile = profile
        self.constraints = constraints
        self.level = level
    }

    /// Constrained Baseline, level 3.1: what every browser with H.264 offers.
    package static let constrainedBaseline = H264ProfileLevelID(profile: 66, constraints: 0xE0, level: 31)

    /// Reads six hexadecimal digits such as "42e01f"; `nil` for anything else.
    package init?(hexadecimal text: String) {
        guard text.utf8.count == 6,
            text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let value = UInt32(text, radix: 16)
        else { return nil }
        self.init(
            profile: UInt8(truncatingIfNeeded: value >> 16),
            constraints: UInt8(truncatingIfNeeded: value >> 8),
            level: UInt8(truncatingIfNeeded: value)
        )
    }

    /// Reads the start of a sequence parameter set (ITU-T H.264 section 7.3.2.1.1), NAL header included.
    package init?(sequenceParameterSet unit: ArraySlice<UInt8>) {
        guard unit.count >= 4, unit[unit.startIndex] & 0x1F == 7 else { return nil }
        self.init(
            profile: unit[unit.startIndex + 1],
            constraints: unit[unit.startIndex + 2],
            level: unit[unit.startIndex + 3]
        )
    }

    /// Six lower-case hexadecimal digits.
    package var description: String {
        [profile, constraints, level].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The most macroblocks a picture of this level may have (ITU-T H.264 table A-1, MaxFS).
    package var maximumMacroblocks: Int {
        switch level {
        case ..<11: 99
        case ..<21: 396
        case 21: 792
        case ..<31: 1_620
        case 31: 3_600
        case 32: 5_120
        case ..<42: 8_192
        case 42: 8_704
        case ..<51: 22_080
        default: 36_864
        }
    }
}
