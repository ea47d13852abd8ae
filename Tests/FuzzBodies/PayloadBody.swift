import Primitives
import RTPPackets

/// The payload of one RTP packet of `codec`: what a relay reads of it, and what it renumbers in place.
@discardableResult
package func fuzzPayload(_ codec: MediaCodec, _ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    guard let facts = PayloadFacts.inspect(codec: codec, packet: bytes.span.bytes, marker: true) else {
        return false
    }
    try demand(!bytes.isEmpty, "nothing is no payload")
    try demand(facts.endsFrame, "the marker ends a frame")
    if facts.startsKeyframe, codec == .vp8 || codec == .vp9 || codec == .opus {
        try demand(facts.startsFrame, "a keyframe is a frame")
    }
    try checkRenumbering(codec, facts, bytes)
    try checkRefining(facts, bytes)
    return true
}

/// Renumbering changes the numbers and nothing else, and can be undone.
private func checkRenumbering(
    _ codec: MediaCodec,
    _ facts: PayloadFacts,
    _ bytes: [UInt8]
) throws(BrokenInvariant) {
    let index = facts.index
    if index.hasPictureID {
        try demand(
            Int(index.pictureIDOffset) + (index.isPictureIDLong ? 2 : 1) <= bytes.count,
            "a picture id lies in the payload"
        )
        try demand(index.pictureID <= index.pictureIDMask, "a picture id has its width")
    }
    if index.hasTL0PicIdx {
        try demand(Int(index.tl0PicIdxOffset) < bytes.count, "TL0PICIDX lies in the payload")
    }
    var copy = bytes
    copy.withUnsafeMutableBytes {
        index.rewrite(in: $0, pictureID: index.pictureID, tl0PicIdx: index.tl0PicIdx)
    }
    try demand(copy == bytes, "writing the same numbers changes nothing")

    copy.withUnsafeMutableBytes { index.rewrite(in: $0, addingToPictureID: 0x1234, addingToTL0PicIdx: 0x56) }
    guard var moved = PayloadFacts.inspect(codec: codec, packet: copy.span.bytes, marker: true) else {
        throw BrokenInvariant("a renumbered payload can be read")
    }
    if index.hasPictureID {
        try demand(
            moved.index.pictureID == (index.pictureID &+ 0x1234) & index.pictureIDMask,
            "a picture id moves by what was added"
        )
    }
    if index.hasTL0PicIdx {
        try demand(moved.index.tl0PicIdx == index.tl0PicIdx &+ 0x56, "TL0PICIDX moves by what was added")
    }
    moved.index.pictureID = index.pictureID
    moved.index.tl0PicIdx = index.tl0PicIdx
    try demand(moved == facts, "renumbering changes nothing but the numbers")
    copy.withUnsafeMutableBytes {
        index.rewrite(in: $0, pictureID: index.pictureID, tl0PicIdx: index.tl0PicIdx)
    }
    try demand(copy == bytes, "renumbering can be undone")
}

/// Takes the same bytes for a dependency descriptor.
private func checkRefining(_ facts: PayloadFacts, _ bytes: [UInt8]) throws(BrokenInvariant) {
    guard let descriptor = DependencyDescriptor(parsing: bytes.span.bytes, structure: nil) else { return }
    var refined = facts
    refined.refine(with: descriptor)
    try demand(
        refined.startsFrame == descriptor.startsFrame,
        "a descriptor knows better where a frame starts"
    )
    guard let structure = descriptor.attachedStructure else { return }
    try demand(
        (1...DependencyStructure.maximumTemplateCount).contains(structure.templateCount)
            && (1...32).contains(structure.decodeTargetCount),
        "a structure has templates and targets"
    )
    _ = DependencyDescriptor(parsing: bytes.span.bytes, structure: structure)
    for templateID in 0..<(64 as UInt8) { _ = structure.frame(templateID: templateID) }
}
