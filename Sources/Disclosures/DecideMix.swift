import Primitives

/// What may go into an output that is made of several inputs: a mix, a thumbnail, a transcript.
package struct MixDecision: Sendable, Hashable {
    /// The decision of each input, in the order of the inputs.
    package let inputs: [Decision]
    /// The permit of an output made of the permitted inputs only; `nil` if there is none.
    package let permit: Permit?

    /// The places of the inputs that have to be left out before the output is made.
    package var leftOut: [Int] {
        inputs.indices.filter { inputs[$0].denyReason != nil }
    }
}

/// Decides an output made of several inputs, all for one audience: it may hold those inputs only that may reach
/// the audience themselves, and ends when the first of them ends.
package func decideMix(
    _ inputs: [DisclosureRequest],
    _ state: RoomConsent,
    now: ClockReading
) -> MixDecision {
    let isForOne = inputs.allSatisfy { $0.audience == inputs.first?.audience }
    guard isForOne else {
        return MixDecision(inputs: inputs.map { _ in .deny(.malformed) }, permit: nil)
    }
    let decisions = inputs.map { decide($0, state, now: now) }
    var governing: Permit?
    for case .permit(let permit) in decisions {
        if governing.map({ permit.notAfter < $0.notAfter }) ?? true { governing = permit }
    }
    return MixDecision(inputs: decisions, permit: governing)
}
