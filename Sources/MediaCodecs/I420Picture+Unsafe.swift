extension I420Picture {
    /// Copies the planes that a codec library decoded to; an odd last row or column is left out.
    init?(
        width: Int,
        height: Int,
        luma: UnsafePointer<UInt8>?,
        blueDifference: UnsafePointer<UInt8>?,
        redDifference: UnsafePointer<UInt8>?,
        lumaStride: Int,
        chromaStride: Int
    ) {
        let width = width & ~1
        let height = height & ~1
        guard Self.isValidSize(width: width, height: height), let luma, let blueDifference, let redDifference,
            lumaStride >= width, chromaStride >= width / 2
        else { return nil }
        self.init(width: width, height: height)
        // Safe because the library that reports these sizes and strides has written so many rows.
        self.luma = Self.plane(luma, width: width, height: height, stride: lumaStride)
        self.blueDifference = Self.plane(
            blueDifference,
            width: width / 2,
            height: height / 2,
            stride: chromaStride
        )
        self.redDifference = Self.plane(
            redDifference,
            width: width / 2,
            height: height / 2,
            stride: chromaStride
        )
    }

    private static func plane(
        _ start: UnsafePointer<UInt8>,
        width: Int,
        height: Int,
        stride: Int
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(width * height)
        for row in 0..<height {
            bytes += UnsafeBufferPointer(start: start + row * stride, count: width)
        }
        return bytes
    }
}
