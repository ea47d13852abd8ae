// MediaRingsTests
