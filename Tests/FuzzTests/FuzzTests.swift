// FuzzTests
