/// Draws places by their shares, as evenly as can be and always in the same order.
struct EvenDraw {
    private let shares: [Double]
    /// How far each is behind its share.
    private var owed: [Double]

    init(_ shares: [Double]) {
        precondition(!shares.isEmpty, "nothing to draw from")
        self.shares = shares
        owed = Array(repeating: 0, count: shares.count)
    }

    /// The place that is furthest behind.
    mutating func next() -> Int {
        var chosen = 0
        for place in shares.indices {
            owed[place] += shares[place]
            if owed[place] > owed[chosen] { chosen = place }
        }
        owed[chosen] -= 1
        return chosen
    }
}
