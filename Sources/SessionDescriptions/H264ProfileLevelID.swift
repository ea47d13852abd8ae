/// H.264's `profile-level-id` (RFC 6184 section 8.1): profile_idc, constraint flags, level_idc.
package struct H264ProfileLevelID: Hashable, Sendable {
    /// The profiles that the relay forwards.
    package enum Profile: Sendable {
        case constrainedBaseline
        case baseline
        case main
        case constrainedHigh
        case high
    }

    /// Three bytes: profile_idc, profile-iop, level_idc.
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue & 0xFF_FFFF
    }

    /// What an absent parameter means: Baseline at level 1.
    package static let absent = H264ProfileLevelID(rawValue: 0x42_000A)

    /// Reads six hexadecimal digits.
    ///
    /// ffmpeg 8 prints its own flag 0x200 for constrained Baseline into the middle byte, which makes seven
    /// ("422001f"): that is read as constraint_set1.
    package init?(_ text: some StringProtocol) {
        if let value = text.hexadecimal(digits: 6) {
            self.init(rawValue: value)
        } else if let value = text.hexadecimal(digits: 7), value >> 8 & 0xFFF == 0x200 {
            self.init(rawValue: (value >> 20) << 16 | 0x4000 | value & 0xFF)
        } else {
            return nil
        }
    }

    /// Six lower-case hexadecimal digits.
    package var text: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }

    private var profileIDC: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 16) }
    private var constraints: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 8) }
    private var levelIDC: UInt8 { UInt8(truncatingIfNeeded: rawValue) }

    /// The profile by RFC 6184 table 5, which has several spellings for some; `nil` if it is not forwarded.
    package var profile: Profile? {
        let flags = constraints
        func matches(_ mask: UInt8, _ value: UInt8) -> Bool { flags & mask == value }
        switch profileIDC {
        case 0x42:
            if matches(0b0100_1111, 0b0100_0000) { return .constrainedBaseline }
            return matches(0b0100_1111, 0) ? .baseline : nil
        case 0x4D:
            if matches(0b1000_1111, 0b1000_0000) { return .constrainedBaseline }
            return matches(0b1010_1111, 0) ? .main : nil
        case 0x58:
            if matches(0b1100_1111, 0b1100_0000) { return .constrainedBaseline }
            return matches(0b1100_1111, 0b1000_0000) ? .baseline : nil
        case 0x64:
            if flags == 0b0000_1100 { return .constrainedHigh }
            return flags == 0 ? .high : nil
        default:
            return nil
        }
    }

    /// The level in tenths (31 is level 3.1); level 1b, between 1 and 1.1, counts as 10.
    package var levelTenths: UInt8 {
        let isLevel1b =
            levelIDC == 9 || (levelIDC == 11 && profileIDC != 0x64 && constraints & 0b0001_0000 != 0)
        return isLevel1b ? 10 : levelIDC
    }

    /// Whether both name the same profile, whatever their levels and spellings.
    package func isSameProfile(as other: H264ProfileLevelID) -> Bool {
        profile != nil && profile == other.profile
    }

    /// Whether a decoder of this profile decodes streams of `stream`'s (H.264 annex A.2), levels aside.
    package func decodes(_ stream: H264ProfileLevelID) -> Bool {
        guard let decoder = profile, let stream = stream.profile else { return false }
        return switch (decoder, stream) {
        case (_, .constrainedBaseline): true
        case (.baseline, .baseline): true
        case (.main, .main), (.high, .main): true
        case (.constrainedHigh, .constrainedHigh), (.high, .constrainedHigh): true
        case (.high, .high): true
        default: false
        }
    }
}
