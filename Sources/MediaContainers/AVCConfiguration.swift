import MediaCodecs
import Primitives
import RTPPackets

/// The parameter sets of an H.264 stream as files keep them (ISO/IEC 14496-15 5.3.3.1, avcC).
package struct AVCConfiguration: Hashable, Sendable {
    package let width: Int
    package let height: Int
    /// The record, with one sequence and one picture parameter set or more.
    package let bytes: [UInt8]

    /// A record names at most so many sets of a kind.
    private static let maximumSequenceSets = 31
    private static let maximumPictureSets = 255

    /// Takes the parameter sets out of an access unit in Annex B form; `nil` without a whole one of each kind.
    package init?(accessUnit: [UInt8]) {
        var sequenceSets: [ArraySlice<UInt8>] = []
        var pictureSets: [ArraySlice<UInt8>] = []
        for unit in AnnexB.split(accessUnit) where unit.count <= 0xFFFF {
            guard let header = unit.first else { continue }
            switch header & 0x1F {
            case H264Payload.UnitType.sequenceParameters:
                if sequenceSets.count < Self.maximumSequenceSets { sequenceSets.append(unit) }
            case H264Payload.UnitType.pictureParameters:
                if pictureSets.count < Self.maximumPictureSets { pictureSets.append(unit) }
            default: break
            }
        }
        guard let first = sequenceSets.first, !pictureSets.isEmpty,
            let parameters = H264SequenceParameters(parsing: Array(first.dropFirst()).span.bytes)
        else { return nil }
        (width, height) = (Int(parameters.width), Int(parameters.height))
        var writer = ByteWriter(reservingCapacity: 64)
        // Version 1, profile, compatibility, level, lengths of four bytes.
        writer.write([1, parameters.profile, parameters.constraints, parameters.level, 0xFF])
        writer.write(0xE0 | UInt8(sequenceSets.count))
        for unit in sequenceSets {
            writer.write(UInt16(unit.count))
            writer.write(unit)
        }
        writer.write(UInt8(pictureSets.count))
        for unit in pictureSets {
            writer.write(UInt16(unit.count))
            writer.write(unit)
        }
        if [100, 110, 122, 144].contains(parameters.profile) {
            writer.write([
                0xFC | parameters.chromaFormat, 0xF8 | (parameters.lumaBits - 8),
                0xF8 | (parameters.chromaBits - 8), 0,
            ])
        }
        bytes = writer.bytes
    }

    /// An access unit with the length of each NAL unit before it in place of start codes; delimiters are left out.
    package static func lengthPrefixed(annexB accessUnit: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: accessUnit.count + 16)
        for unit in AnnexB.split(accessUnit) {
            guard let header = unit.first, header & 0x1F != H264Payload.UnitType.accessUnitDelimiter else {
                continue
            }
            writer.write(UInt32(unit.count))
            writer.write(unit)
        }
        return writer.bytes
    }

    /// The way back; `nil` if a length runs past the end.
    package static func annexB(lengthPrefixed bytes: [UInt8]) -> [UInt8]? {
        var units: [ArraySlice<UInt8>] = []
        var reader = ByteReader(bytes.span.bytes)
        while reader.remaining > 0 {
            guard let count = reader.readUInt32(), count > 0 else { return nil }
            let start = reader.offset
            guard reader.skip(Int(count)) else { return nil }
            units.append(bytes[start..<reader.offset])
        }
        return AnnexB.join(units)
    }
}
