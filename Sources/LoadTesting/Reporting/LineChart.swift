import Foundation

/// Lines over a plane, drawn as SVG.
struct LineChart {
    struct Line {
        var name: String
        var points: [(x: Double, y: Double)]
    }

    var title: String
    var xLabel: String
    var yLabel: String
    var lines: [Line]
    /// Equal ratios are equally far apart along x.
    var isLogarithmic = false

    private static let (width, height) = (680.0, 280.0)
    private static let (left, right, top, bottom) = (64.0, 16.0, 16.0, 44.0)

    var svg: String {
        let points = lines.flatMap(\.points).filter { !isLogarithmic || $0.x > 0 }
        guard let lowest = points.map(\.x).min(), let highest = points.map(\.x).max(),
            let top = points.map(\.y).max()
        else { return "" }
        let x = Axis(
            lowest,
            highest,
            isLogarithmic: isLogarithmic,
            pixels: Self.left...(Self.width - Self.right)
        )
        let y = Axis(
            0,
            max(top, 1e-9),
            isLogarithmic: false,
            pixels: (Self.top)...(Self.height - Self.bottom)
        )
        var parts = [
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(escaped(title))\">"
        ]
        for tick in x.ticks {
            let place = Self.text(x.place(tick))
            parts.append(
                "<line class=\"grid\" x1=\"\(place)\" x2=\"\(place)\" y1=\"\(Self.top)\" y2=\"\(Self.height - Self.bottom)\"/>"
                    + "<text x=\"\(place)\" y=\"\(Self.height - Self.bottom + 16)\" class=\"middle\">\(Measure.short(tick))</text>"
            )
        }
        for tick in y.ticks {
            let place = Self.text(Self.height - Self.bottom + Self.top - y.place(tick))
            parts.append(
                "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(place)\" y2=\"\(place)\"/>"
                    + "<text x=\"\(Self.left - 6)\" y=\"\(place)\" dy=\"4\" class=\"end\">\(Measure.short(tick))</text>"
            )
        }
        for (number, line) in lines.enumerated() {
            let drawn = line.points.filter { !isLogarithmic || $0.x > 0 }.map { point in
                "\(Self.text(x.place(point.x))),\(Self.text(Self.height - Self.bottom + Self.top - y.place(point.y)))"
            }
            parts.append(
                "<polyline class=\"line l\(number % 4)\" points=\"\(drawn.joined(separator: " "))\"/>"
            )
        }
        parts.append(
            "<text x=\"\((Self.width + Self.left) / 2)\" y=\"\(Self.height - 8)\" class=\"middle\">\(escaped(xLabel))</text></svg>"
        )
        let legend = lines.enumerated().map { number, line in
            "<span class=\"k l\(number % 4)\"></span>\(escaped(line.name))"
        }
        return "<figure><figcaption>\(escaped(title)) <small>\(escaped(yLabel))</small></figcaption>"
            + parts.joined() + "<p class=\"legend\">\(legend.joined(separator: " "))</p></figure>"
    }

    private static func text(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    func escaped(_ text: String) -> String { HTMLText.escaped(text) }
}

/// One direction of a chart: where values stand, and where lines are drawn across.
struct Axis {
    let lowest: Double
    let highest: Double
    let isLogarithmic: Bool
    let pixels: ClosedRange<Double>

    init(_ lowest: Double, _ highest: Double, isLogarithmic: Bool, pixels: ClosedRange<Double>) {
        self.isLogarithmic = isLogarithmic
        self.pixels = pixels
        self.lowest = lowest
        let least = isLogarithmic ? lowest * 1.01 : lowest + 1e-9
        self.highest = max(highest, least)
    }

    func place(_ value: Double) -> Double {
        let share =
            isLogarithmic
            ? log(value / lowest) / log(highest / lowest) : (value - lowest) / (highest - lowest)
        return pixels.lowerBound + share * (pixels.upperBound - pixels.lowerBound)
    }

    /// Round values across the axis.
    var ticks: [Double] {
        guard isLogarithmic else {
            let rough = (highest - lowest) / 6
            let power = pow(10, log10(rough).rounded(.down))
            let step = [1, 2, 5, 10].first { $0 * power >= rough }.map { $0 * power } ?? power * 10
            return Array(stride(from: (lowest / step).rounded(.up) * step, through: highest, by: step))
        }
        var ticks: [Double] = []
        var power = pow(10, log10(lowest).rounded(.down))
        // A double has a few hundred powers of ten, so that this ends.
        while power <= highest, ticks.count < 100 {
            ticks += [1, 2, 5].map { $0 * power }.filter { (lowest...highest).contains($0) }
            power *= 10
        }
        return ticks
    }
}

/// Text that stands in HTML as it is.
enum HTMLText {
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }
}
