// MediaCodecsTests
