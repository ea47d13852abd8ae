// DisclosuresTests
