// RelayEngineTests
